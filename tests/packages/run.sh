#!/usr/bin/env bash
# Makes the Debian packages and tries them in a clean Debian 12: install, upgrade
# that keeps the state, remove, purge. Needs root, debootstrap (.ci/deps
# --packages) and a Debian mirror; takes some minutes.
#   tests/packages/run.sh [--root DIR]     DIR: a clean root that is there already
# The root is kept in build/packages/root, so that a second run is quick.
set -Eeuo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
clean=$root/build/packages/root
mirror=${CAIRN_MIRROR:-http://deb.debian.org/debian}

say() { printf 'tests/packages/run.sh: %s\n' "$*" >&2; }
fail() { say "FAILED: $*"; exit 1; }
case ${1:-} in
  -h | --help) sed -n '2,6s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  --root) clean=$2 ;;
  "") ;;
  *) say "unknown option '$1'"; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { say "needs root, to work in a root of its own"; exit 2; }

.ci/deps --packages
cmake --preset release >/dev/null
cmake --build --preset release --target cairn-agent cairn-coordinator cairn
arch=$(dpkg --print-architecture)
made=$root/build/release/packages
# package VERSION: the three packages of that version.
package() {
  rm -rf "$made"
  (cd build/release && cpack -D CPACK_PACKAGE_VERSION="$1" >cpack.log 2>&1) ||
    { tail -n 20 build/release/cpack.log; fail "cpack"; }
  rm -rf "$made/_CPack_Packages"
  cp "$made"/*.deb "$box/srv/"
}

if [ ! -e "$clean/etc/debian_version" ]; then
  mkdir -p "$clean"
  debootstrap --variant=minbase bookworm "$clean" "$mirror" \
    >"$clean.log" 2>&1 || { tail -n 20 "$clean.log"; fail "debootstrap"; }
fi
# What is tried is a copy: the clean root stays clean.
box=$root/build/packages/box
rm -rf "$box"
cp -a "$clean" "$box"
inside() { chroot "$box" env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
apt() { inside apt-get -q -y --no-install-recommends "$@" >>"$box/srv/apt.log" 2>&1; }
cp /etc/resolv.conf "$box/etc/resolv.conf"
trap 'tail -n 15 "$box/srv/apt.log" >&2 || true' ERR

package 0.1.0
apt update
say "install"
apt install "./srv/cairn_0.1.0_$arch.deb" "./srv/cairn-agent_0.1.0_$arch.deb" \
  "./srv/cairn-coordinator_0.1.0_$arch.deb"
for program in cairn cairn-agent cairn-coordinator; do
  inside "$program" --help >/dev/null || fail "$program does not run"
done
for name in cairn-agent cairn-coordinator; do
  [ "$(inside stat -c '%a %U' "/var/lib/$name")" = "700 $name" ] || fail "/var/lib/$name"
  [ "$(inside stat -c '%a %U %G' "/etc/$name")" = "750 root $name" ] || fail "/etc/$name"
  inside test -f "/usr/lib/systemd/system/$name.service" || fail "no unit of $name"
  inside test -f "/usr/share/$name/policies/standard.textproto" || fail "no policies of $name"
done
inside cairn-agent init --agency box --config /etc/cairn-agent/agent.textproto >/dev/null
inside runuser -u cairn-agent -- sh -c 'umask 077; echo kept >/var/lib/cairn-agent/agent.db'

say "upgrade"
package 0.1.1
apt install "./srv/cairn-agent_0.1.1_$arch.deb"
# shellcheck disable=SC2016  # dpkg-query's own variable
[ "$(inside dpkg-query -W -f '${Version}' cairn-agent)" = 0.1.1 ] || fail "not upgraded"
[ "$(inside cat /var/lib/cairn-agent/agent.db)" = kept ] || fail "the state was not kept"
inside grep -q 'agency: "box"' /etc/cairn-agent/agent.textproto || fail "the configuration was not kept"

say "remove"
apt remove cairn-agent
inside test ! -e /usr/bin/cairn-agent || fail "the program is still there"
[ "$(inside cat /var/lib/cairn-agent/agent.db)" = kept ] || fail "removing took the state"
inside test -f /etc/cairn-agent/agent.textproto || fail "removing took the configuration"

say "purge"
apt purge cairn-agent cairn-coordinator cairn
inside test ! -e /etc/cairn-agent || fail "the configuration and its keys are still there"
[ "$(inside cat /var/lib/cairn-agent/agent.db)" = kept ] || fail "purging took the ledger"
inside test ! -e /var/lib/cairn-coordinator || fail "an empty state folder was left"
grep -q 'has the ledger and was kept' "$box/srv/apt.log" || fail "purging did not say so"
rm -rf "$box"
say "ok: installed, upgraded, removed and purged"
