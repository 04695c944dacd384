use redis_components::Subscriber;

type Ears = Subscriber;

pub fn listen(subscriber: &mut Subscriber, channel: &str) {}

pub fn keep(subscriber: Ears) -> Ears {
    subscriber
}

pub async fn fine(subscriber: &mut Ears) {}
