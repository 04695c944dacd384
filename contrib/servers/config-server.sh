#!/bin/sh
# Starts a config server with the users of docs/security.md and docs/operations.md.
#
# $SECRETS (/run/secrets) has a file with the password of each user: `services` and `operator`.
# Further arguments go to redis-server.
set -eu

hash_of() {
    # As the runtime reads it: without the line end of the file.
    printf %s "$(cat "${SECRETS:-/run/secrets}/$1")" | sha256sum | cut -d' ' -f1
}

umask 077
acl=$(mktemp)
services=$(hash_of services)
operator=$(hash_of operator)
cat > "$acl" <<END
user default reset off
user services reset on #$services -@all +getrange +client|tracking +client|setname +ping %R~config:redis:* +hset +expire +del +zadd +zrem %W~redis-components:receipt:* %W~redis-components:fleet
user operator reset on #$operator ~config:redis:* ~redis-components:history:* ~redis-components:receipt:* ~redis-components:fleet ~redis-components:move:* ~redis-components:lease:* +ping +role +info +time +scan +type +exists +getrange +set +watch +multi +exec +xadd +xrange +xrevrange +xinfo|stream +hgetall +hmget +zrange +client|setname +client|tracking +client|id +client|list +unwatch +del +eval +get +pexpire
END
exec redis-server --aclfile "$acl" --appendonly yes "$@"
