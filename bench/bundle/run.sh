#!/bin/sh
# Measures the GPU of this machine. Needs Linux x64 with glibc 2.28 and libstdc++, and a Vulkan driver; no network, nothing installed.
# VK_DRIVER_FILES, VK_ICD_FILENAMES and LD_LIBRARY_PATH are honoured. "./run.sh --quick" tries everything in a minute.
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

has_loader() {
  for tool in ldconfig /sbin/ldconfig /usr/sbin/ldconfig; do
    if "$tool" -p 2>/dev/null | grep -q 'libvulkan\.so\.1.*x86-64'; then return 0; fi
  done
  old_separator=$IFS
  IFS=:
  for folder in ${LD_LIBRARY_PATH:-} /usr/lib/x86_64-linux-gnu /usr/lib64 /usr/lib /lib/x86_64-linux-gnu /lib64; do
    if [ -e "$folder/libvulkan.so.1" ]; then IFS=$old_separator; return 0; fi
  done
  IFS=$old_separator
  return 1
}

# The system's own Vulkan loader first: it knows where its drivers lie.
if ! has_loader; then
  echo "no Vulkan loader on this system: taking the one of the bundle" >&2
  LD_LIBRARY_PATH="$here/loader${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
  export LD_LIBRARY_PATH
fi

exec "$here/bin/node" "$here/start.mjs" "$@"
