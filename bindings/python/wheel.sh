#!/bin/sh
# The wheel of filprofiler for every Linux x86-64 with glibc 2.28 or newer, and every CPython.
#
#     bindings/python/wheel.sh DIRECTORY        called by ./dev wheel; the wheel is in DIRECTORY at the end
#
# Built by clang as zig has it, which links against the C library of any age (and brings libc++, linked
# statically). Of this machine's packages it sees only what we use: headers, and static libraries, so that
# the result depends on the C library alone. Their licences go into the wheel.
set -eu

glibc=2.28
root=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
tools=$out/tools
packages=$out/packages
notices=$out/notices
export LC_ALL=C.UTF-8 # without a locale, meson takes file names to be ASCII

list=$root/bindings/python/requirements-wheel.txt
cmp -s "$list" "$tools/installed.txt" || {
    /usr/bin/python3 -m venv --clear "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check -r "$list" </dev/null
    cp "$list" "$tools/installed.txt"
}

# ---- the packages --------------------------------------------------------------------------------

headers="boost range concepts meta std CLI xxhash.h elfutils dwarf.h libelf.h gelf.h zlib.h zconf.h
    zstd.h zstd_errors.h curses.h ncurses_dll.h unctrl.h term.h"
libraries="dw elf z lzma bz2 xxhash zstd ncursesw tinfo"
pkg_config_files="libdw libelf zlib liblzma libxxhash libzstd CLI11 ncursesw"
debian_packages="libboost-dev librange-v3-dev libcli11-dev libxxhash-dev libdw-dev libelf-dev zlib1g-dev
    liblzma-dev libbz2-dev libzstd-dev libncurses-dev"

rm -rf "$packages" "$notices" && mkdir -p "$packages/include" "$packages/lib" "$packages/pkgconfig" "$notices"
for header in $headers; do
    ln -s "/usr/include/$header" "$packages/include/"
done
libdir=$(pkg-config --variable=libdir libdw)
for library in $libraries; do
    [ -f "$libdir/lib$library.a" ] || { echo "wheel.sh: there is no $libdir/lib$library.a" >&2; exit 1; }
    ln -s "$libdir/lib$library.a" "$packages/lib/"
done
for name in $pkg_config_files; do
    sed -e "s|^includedir=.*|includedir=$packages/include|" -e "s|^libdir=.*|libdir=$packages/lib|" \
        "$(pkg-config --variable=pcfiledir "$name")/$name.pc" >"$packages/pkgconfig/$name.pc"
done

for name in $debian_packages; do
    cp "/usr/share/doc/$name/copyright" "$notices/$name.txt"
done
cp /usr/share/common-licenses/GPL-2 /usr/share/common-licenses/GPL-3 /usr/share/common-licenses/LGPL-3 "$notices/"
zig_lib=$(echo "$tools"/lib/python3*/site-packages/ziglang/lib)
for name in libcxx libcxxabi libunwind; do
    cp "$zig_lib/$name/LICENSE.TXT" "$notices/$name.txt"
done

# ---- the wheel -----------------------------------------------------------------------------------

# Boost 1.74 derives from a class that C++17 took out.
cat >"$out/zig.ini.new" <<END
[constants]
zig = ['$tools/bin/python', '-m', 'ziglang']
target = ['-target', 'x86_64-linux-gnu.$glibc']
[binaries]
c = zig + ['cc'] + target
cpp = zig + ['c++'] + target
ar = zig + ['ar']
[built-in options]
cpp_args = ['-isystem', '$packages/include', '-D_LIBCPP_ENABLE_CXX17_REMOVED_UNARY_BINARY_FUNCTION']
cpp_link_args = ['-s']
prefer_static = true
END
# Meson reads it only when it begins anew.
cmp -s "$out/zig.ini.new" "$out/zig.ini" || rm -rf "$out/build"
mv "$out/zig.ini.new" "$out/zig.ini"

rm -f "$out"/*.whl
PKG_CONFIG_LIBDIR=$packages/pkgconfig PATH=$tools/bin:$PATH \
    "$tools/bin/python" -m build --wheel --no-isolation --outdir "$out" --config-setting=build-dir="$out/build" \
    --config-setting=setup-args=--native-file="$out/zig.ini" \
    --config-setting=setup-args=-Dnotices="$notices" "$root" </dev/null >&2

# meson-python takes all beside the modules to be for the Python that built it alone.
"$tools/bin/wheel" tags --remove --python-tag py3 --abi-tag none \
    --platform-tag "manylinux_$(echo $glibc | tr . _)_x86_64" "$out"/*.whl >/dev/null
echo "$out"/*.whl
