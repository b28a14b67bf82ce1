#!/bin/sh
# A newcomer's two commands on a minimal Debian 12, from nothing but a clone.
#
#     test/fresh_machine.sh [FOLDER]      as root, on a Debian with debootstrap and git
#
# Makes the machine in FOLDER (default: a temporary one, removed at the end), clones HEAD into it and
# runs there: ./dev run examples/flights.py, twice, and ./dev test. Packages come from where this
# machine gets its own: its Debian mirrors, and its settings for pip.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
say() { echo "fresh_machine: $*" >&2; }
[ "$(id -u)" = 0 ] || { say "must be run as root"; exit 2; }

machine=${1-}
if [ -z "$machine" ]; then
    machine=$(mktemp -d)
    trap 'rm -rf "$machine"' EXIT
fi

sources=$(apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' | grep bookworm | sort -u)
mirror=$(echo "$sources" | sed -n 's/^deb \([^ ]*\) bookworm .*/\1/p' | head -n 1)
[ -n "$mirror" ] || { say "this machine has no mirror of Debian 12 in its sources"; exit 2; }

if [ ! -x "$machine/bin/sh" ]; then
    say "making a minimal Debian 12 in $machine"
    debootstrap --variant=minbase bookworm "$machine" "$mirror" >"$machine.log" 2>&1 ||
        { tail "$machine.log" >&2; exit 2; }
    rm -f "$machine.log"
fi
echo "$sources" >"$machine/etc/apt/sources.list"
cp /etc/resolv.conf "$machine/etc/resolv.conf"
echo "127.0.0.1 localhost" >"$machine/etc/hosts" # the installer's work, not debootstrap's
[ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$machine/etc/pip.conf"
# Certificates that this machine trusts and Debian does not know, a company's own, say.
cp /etc/ssl/certs/ca-certificates.crt "$machine/root/certificates.crt"
rm -rf "$machine/root/libfil"
git clone --quiet --no-local "$root" "$machine/root/libfil"

# In a mount and process namespace of its own, so that nothing is left mounted or running. Of the
# environment only what says how packages are reached.
on_the_machine() {
    say "\$ $*"
    passed=$(env | grep -iE '^(pip_index_url|pip_proxy|(http|https|no)_proxy)=' || true)
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root PIP_CERT=/root/certificates.crt $passed \
        unshare --mount --pid --fork sh -c '
            mount --rbind /dev "$0/dev" && mount -t proc proc "$0/proc" &&
            mount -t sysfs -o ro sysfs "$0/sys" &&
            exec chroot "$0" sh -c "cd /root/libfil && \"\$@\"" sh "$@"' "$machine" "$@" </dev/null
}

for program in python3 git curl gcc; do
    [ ! -e "$machine/usr/bin/$program" ] || say "not minimal any more: $program is there"
done
start=$(date +%s)
on_the_machine ./dev run examples/flights.py
[ -s "$(ls "$machine"/root/libfil/fil-result/*/index.html | head -n 1)" ] || exit 1
on_the_machine ./dev run examples/flights.py
on_the_machine ./dev test
say "both commands work; it took $((($(date +%s) - start) / 60)) minutes"
