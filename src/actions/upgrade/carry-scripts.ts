/**
 * Shell functions over configuration files. `walk FILE` prints it and each one that it includes. `values NAMES FILE` prints
 * what directives name, a path a line; `scripts FILE` the programs that a Sentinel calls. `$files` are the directives that
 * name files which a server reads.
 */
export const CONF_WALK = `
files='tls-cert-file|tls-key-file|tls-client-cert-file|tls-client-key-file|tls-ca-cert-file|tls-ca-cert-dir|tls-dh-params-file|include'
values() {
  awk -v names="^($1)$" 'tolower($1) ~ names { $1 = ""; gsub(/["\\047\\r]/, ""); print }' "$2" | while read -r pattern; do
    for f in $pattern; do echo "$f"; done
  done
}
scripts() {
  awk 'tolower($1) == "sentinel" && tolower($2) ~ /^(notification|client-reconfig)-script$/ { print $4 }' "$1" | tr -d '"'
}
walk() {
  echo "$1"
  values include "$1" | while read -r f; do if [ -f "$f" ]; then walk "$f"; fi; done
}`;

/**
 * `$1` the run, `$2` project and `$3` the one that takes over, `$4` unit and `$5` file under the one, `$6` and `$7` under the
 * other, `$8` folder of the data or `-`, then names in it. Sets `$place` to where the data is to be: packages allow their
 * servers no other folders than their own. Data that lies elsewhere, or on a disk of its own, stays there.
 */
const GIVEN = `
set -e
export LC_ALL=C
run=$1 from=$2 to=$3 unit=$4 conf=$5 newunit=$6 newconf=$7 dir=$8
shift 8
${CONF_WALK}
ours=70-redisha-data.conf
place=$dir
case $dir/ in
  "/var/lib/$from/"*)
    place=/var/lib/$to\${dir#"/var/lib/$from"}
    mkdir -p -- "$place"
    [ "$(stat -c %d -- "$dir")" = "$(stat -c %d -- "$place")" ] || place=$dir ;;
esac
outside() {
  values logfile "$conf" | while read -r log; do
    case $log in "/var/log/$from/"*|"/var/log/$to/"*|/dev/*) ;; /*) [ ! -f "$log" ] || chown -- "$1" "$log" ;; esac
  done
}`;

/** Carries configuration and data over, and has the host start the other unit from then on. Prints uid, then folder. */
export const CARRY_OVER = `${GIVEN}
done_already() { [ "$(systemctl is-enabled -- "$newunit" 2>/dev/null)" = enabled ] && [ "$(systemctl is-enabled -- "$unit" 2>/dev/null)" != enabled ]; }
if done_already; then id -u -- "$to"; echo "$place"; exit 0; fi
# Whoever had it under the one project has it under the other.
own() {
  user=$(stat -c %U -- "$1") group=$(stat -c %G -- "$1")
  [ "$user" != "$from" ] || user=$to
  [ "$group" != "$from" ] || group=$to
  chown -- "$user:$group" "$2"
  chmod --reference="$1" -- "$2"
}
folder() { [ -d "$2" ] || { mkdir -p -- "$2"; own "$1" "$2"; }; }
paths="logfile|pidfile|aclfile|$files"
[ "$place" = "$dir" ] && [ "$dir" != - ] || paths="$paths|dir"
renamed() {
  sed -E "/^[[:space:]]*($paths)[[:space:]]/I{
s#/etc/$from/#/etc/$to/#g
s#(/run/$from[^/]*/)$from-#\\\\1$to-#; s#/run/$from([-/])#/run/$to\\\\1#; s#(/run/sentinel[^/]*/)$from-#\\\\1$to-#
s#/var/log/$from/$from-#/var/log/$to/$to-#; s#/var/log/$from/#/var/log/$to/#
s#/var/lib/$from([/\\"'[:space:]]|\\$)#/var/lib/$to\\\\1#
}" -- "$1"
}
put() {
  folder "\${2%/*}" "\${3%/*}"
  rm -f -- "$3.redisha-part"
  (umask 077; if [ "$1" = conf ]; then renamed "$2"; else cat -- "$2"; fi >"$3.redisha-part")
  own "$2" "$3.redisha-part"
  mv -f -- "$3.redisha-part" "$3"
}
if [ -e "$newconf" ] && ! [ -e "$newconf.redisha-$run" ]; then cp -p -- "$newconf" "$newconf.redisha-$run"; fi
walk "$conf" | while read -r f; do
  values "aclfile|$files" "$f" | while read -r named; do
    case $named in "/etc/$from/"*) ;; *) continue ;; esac
    there=/etc/$to/\${named#"/etc/$from/"}
    if [ -d "$named" ]; then
      folder "\${named%/*}" "\${there%/*}"
      folder "$named" "$there"
      cp -a -- "$named/." "$there/"
      find "$there" -user "$from" -exec chown -h -- "$to" {} + -o -group "$from" -exec chgrp -h -- "$to" {} +
    elif [ -f "$named" ]; then
      put as-is "$named" "$there"
    fi
  done
done
walk "$conf" | while read -r f; do
  case $f in "$conf") put conf "$f" "$newconf" ;; "/etc/$from/"*) put conf "$f" "/etc/$to/\${f#"/etc/$from/"}" ;; esac
done
dropins() {
  for f in "/etc/systemd/system/$1.d"/*.conf; do
    [ -f "$f" ] || continue
    mkdir -p "/etc/systemd/system/$2.d"
    sed -E "s#/(etc|var/lib|var/log|run)/$from([/[:space:]-]|\\$)#/\\\\1/$to\\\\2#g" "$f" >"/etc/systemd/system/$2.d/\${f##*/}"
  done
}
dropins "$unit" "$newunit"
case $unit in *@*) dropins "\${unit%%@*}@.service" "\${newunit%%@*}@.service" ;; esac
if [ "$dir" != - ]; then
  if [ "$place" != "$dir" ]; then
    own "$dir" "$place"
    for name in "$@"; do
      [ -e "$dir/$name" ] || continue
      rm -rf -- "$place/$name"
      mv -- "$dir/$name" "$place/$name"
      chown -R -- "$to:$to" "$place/$name"
    done
  else
    mkdir -p "/etc/systemd/system/$newunit.d"
    printf '[Service]\\nReadWritePaths=%s\\n' "$dir" >"/etc/systemd/system/$newunit.d/$ours"
    chown -R -- "$to:$to" "$dir"
  fi
fi
outside "$to"
sync
systemctl --quiet disable -- "$unit"
systemctl --quiet unmask -- "$newunit"
systemctl --quiet enable -- "$newunit"
systemctl daemon-reload
id -u -- "$to"
echo "$place"`;

/** The same arguments. Has the host start the unit from before again, with its data; copies go with the packages. */
export const CARRY_BACK = `${GIVEN}
systemctl --quiet disable -- "$newunit" 2>/dev/null || true
case $newunit in *@*) ;; *) systemctl --quiet mask -- "$newunit" ;; esac
outside "$from"
if [ "$dir" != - ]; then
  if [ "$place" != "$dir" ]; then
    for name in "$@"; do
      [ -e "$place/$name" ] || continue
      rm -rf -- "$dir/$name"
      chown -R -- "$from:$from" "$place/$name"
      mv -- "$place/$name" "$dir/$name"
    done
  else
    chown -R -- "$from:$from" "$dir"
  fi
fi
for f in "/etc/systemd/system/$unit.d"/*.conf; do rm -f -- "/etc/systemd/system/$newunit.d/\${f##*/}"; done
rm -f -- "/etc/systemd/system/$newunit.d/$ours"
rmdir -- "/etc/systemd/system/$newunit.d" 2>/dev/null || true
[ ! -e "$newconf.redisha-$run" ] || mv -f -- "$newconf.redisha-$run" "$newconf"
systemctl --quiet enable -- "$unit"
systemctl daemon-reload`;
