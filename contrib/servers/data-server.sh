#!/bin/sh
# Starts a component's server with one user, who may use all data and change nothing else.
#
# $COMPONENT names the user, and $SECRETS (/run/secrets) has a file of that name with the password.
# Further arguments go to redis-server.
set -eu

umask 077
acl=$(mktemp)
password=$(printf %s "$(cat "${SECRETS:-/run/secrets}/$COMPONENT")" | sha256sum | cut -d' ' -f1)
cat > "$acl" <<END
user default reset off
user $COMPONENT reset on #$password ~* &* +@all -@admin -@dangerous +role +info +client|setname +client|id +client|unblock +client|list
END
exec redis-server --aclfile "$acl" --appendonly yes "$@"
