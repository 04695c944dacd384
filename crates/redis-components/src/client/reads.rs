//! The commands that only read. Those with a key may go to a replica.

use redis::Cmd;

use super::commands::{name, words};

/// The longest name in the table.
const LONGEST_NAME: usize = "GEORADIUSBYMEMBER_RO".len();

/// Returns `true` if it does no harm to execute the command twice.
pub(crate) fn changes_nothing(command: &Cmd) -> bool {
    only_reads(command)
        || matches!(
            name(command).as_str(),
            "DBSIZE" | "ECHO" | "KEYS" | "PING" | "RANDOMKEY" | "WAIT"
        )
}

/// Returns `true` if the command only reads. An unknown command may write.
pub(crate) fn only_reads(command: &Cmd) -> bool {
    let mut words = words(command);
    let name = words.next().unwrap_or_default();
    let mut upper = [0; LONGEST_NAME];
    let Some(upper) = upper.get_mut(..name.len()) else {
        return false;
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    matches!(
        &*upper,
        b"GET"
            | b"MGET"
            | b"HGET"
            | b"HGETALL"
            | b"HMGET"
            | b"EXISTS"
            | b"LRANGE"
            | b"SMEMBERS"
            | b"ZRANGE"
            | b"BITCOUNT"
            | b"BITFIELD_RO"
            | b"BITPOS"
            | b"DUMP"
            | b"EVALSHA_RO"
            | b"EVAL_RO"
            | b"EXPIRETIME"
            | b"FCALL_RO"
            | b"GEODIST"
            | b"GEOHASH"
            | b"GEOPOS"
            | b"GEORADIUSBYMEMBER_RO"
            | b"GEORADIUS_RO"
            | b"GEOSEARCH"
            | b"GETBIT"
            | b"GETRANGE"
            | b"HEXISTS"
            | b"HKEYS"
            | b"HLEN"
            | b"HRANDFIELD"
            | b"HSCAN"
            | b"HSTRLEN"
            | b"HVALS"
            | b"LCS"
            | b"LINDEX"
            | b"LLEN"
            | b"LPOS"
            | b"PEXPIRETIME"
            | b"PTTL"
            | b"SCARD"
            | b"SDIFF"
            | b"SINTER"
            | b"SINTERCARD"
            | b"SISMEMBER"
            | b"SMISMEMBER"
            | b"SORT_RO"
            | b"SRANDMEMBER"
            | b"SSCAN"
            | b"STRLEN"
            | b"SUBSTR"
            | b"SUNION"
            | b"TTL"
            | b"TYPE"
            | b"XLEN"
            | b"XPENDING"
            | b"XRANGE"
            | b"XREAD"
            | b"XREVRANGE"
            | b"ZCARD"
            | b"ZCOUNT"
            | b"ZDIFF"
            | b"ZINTER"
            | b"ZINTERCARD"
            | b"ZLEXCOUNT"
            | b"ZMSCORE"
            | b"ZRANDMEMBER"
            | b"ZRANGEBYLEX"
            | b"ZRANGEBYSCORE"
            | b"ZRANK"
            | b"ZREVRANGE"
            | b"ZREVRANGEBYLEX"
            | b"ZREVRANGEBYSCORE"
            | b"ZREVRANK"
            | b"ZSCAN"
            | b"ZSCORE"
            | b"ZUNION"
            | b"XINFO"
    )
}

#[cfg(test)]
mod tests {
    use redis::{Cmd, Value};
    use redis_components_testing::Server;

    use super::only_reads;

    /// Commands that only read and do not go to a replica: they have no key, or what they tell or
    /// do is about the primary.
    const NOT_OF_A_KEY: [&str; 8] = [
        "dbsize",
        "keys",
        "lolwut",
        "memory",
        "object",
        "pfcount",
        "randomkey",
        "scan",
    ];

    #[test]
    fn r13_what_goes_to_replicas_is_what_the_server_calls_read_only() {
        let server = Server::start();
        let table: Vec<Vec<Value>> = redis::cmd("COMMAND")
            .query(&mut server.connection())
            .unwrap();
        let mut reads = 0;
        for entry in table {
            let name: String = redis::from_redis_value(entry[0].clone()).unwrap();
            let flags: Vec<String> = redis::from_redis_value(entry[2].clone()).unwrap();
            // XINFO is a container.
            let is_read_only = flags.iter().any(|flag| flag == "readonly") || name == "xinfo";
            let mut command = Cmd::new();
            command.arg(&name).arg("k");
            let expected =
                is_read_only && !NOT_OF_A_KEY.contains(&name.as_str()) && name != "touch";
            assert_eq!(only_reads(&command), expected, "{name}");
            reads += u32::from(expected);
        }
        assert!(reads > 70, "{reads}");
    }
}
