# Sourced by bin/demo and bin/test: what a machine with only git, Node and npm still lacks. Everything is safe to repeat.

say() { printf '\n==> %s\n' "$*"; }

# The dependencies of package-lock.json, and with them the Node that everything runs on.
install_dependencies() {
  local stamp=node_modules/.installed-from
  if ! cmp -s package-lock.json "$stamp"; then
    say "installing dependencies (npm ci)"
    # A lock file that was written behind a mirror may lack what only other platforms need; npm ci then refuses all of it.
    npm ci --no-progress --loglevel=error || npm install --no-save --no-progress --loglevel=error
    cp package-lock.json "$stamp"
  fi
  export PATH="$PWD/node_modules/.bin:$PATH"
}

# install_programs PROGRAM=PACKAGE...: Debian packages of programs that are missing. Fails where they cannot be installed.
install_programs() {
  local pair packages=() sudo=()
  for pair in "$@"; do
    has "${pair%%=*}" || packages+=("${pair#*=}")
  done
  [ ${#packages[@]} -gt 0 ] || return 0
  if ! has apt-get; then
    echo "missing, and there is no apt-get to bring them: ${packages[*]}" >&2
    return 1
  fi
  if [ "$(id -u)" -ne 0 ]; then
    if ! has sudo || ! sudo -n true 2>/dev/null; then
      echo "missing, and neither root nor sudo without a password is there to install them: ${packages[*]}" >&2
      return 1
    fi
    sudo=(sudo -n)
  fi
  say "installing ${packages[*]} (apt-get)"
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive bash -s -- "${packages[@]}" <<'ROOT'
    set -eu
    # Programs are wanted, not services: nothing is started now, nor at the next boot.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e "$policy" ]; then
      trap 'rm -f "$policy"' EXIT
      printf '#!/bin/sh\nexit 101\n' >"$policy"
      chmod 755 "$policy"
    fi
    install() { apt-get -qq -y -o Dpkg::Options::=--force-confold --no-install-recommends install "$@" >/dev/null </dev/null; }
    install "$@" 2>/dev/null || { apt-get -qq update; install "$@"; }
    if command -v systemctl >/dev/null; then
      for package in "$@"; do
        [ "$package" != openssh-server ] || systemctl --quiet disable ssh.service ssh.socket 2>/dev/null || true
      done
    fi
ROOT
}

# True where a program is there; those of the system's own folders too, which are not in everybody's PATH. Or a file, by its path.
has() { [ -e "/${1#/}" ] && [ "${1#/}" != "$1" ] || PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null; }
