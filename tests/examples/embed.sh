#!/usr/bin/env bash
# libflyball as a stranger uses it: installed into an empty folder, found by find_package, linked by
# a program that knows nothing of this source tree, run.
#
#   embed.sh CMAKE BUILD_FOLDER EXAMPLE_FOLDER CXX_COMPILER CXX_FLAGS
set -euo pipefail

cmake=$1 build=$2 example=$3 compiler=$4 flags=${5:-}
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT

for component in library devel; do
    "$cmake" --install "$build" --component $component --prefix "$work/prefix" >>"$work/install.log"
done
cp -r "$example" "$work/source"
"$cmake" -S "$work/source" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DCMAKE_CXX_COMPILER="$compiler" -DCMAKE_CXX_FLAGS="$flags" >"$work/configure.log"
"$cmake" --build "$work/build" >"$work/build.log" || { cat "$work/build.log" && exit 1; }
said=$("$work/build/embed")
echo "$said"

expect() { # TEXT
    grep -qF "$1" <<<"$said" || { echo "embed: expected to read: $1" && exit 1; }
}
expect 'page 3  allow'
expect 'page 4  deny quota_exceeded, again in'
expect '"event":"quota_exceeded"'
expect '"tenant":"globex"'
expect '"remaining":1'
