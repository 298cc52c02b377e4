#!/usr/bin/env bats
# The image and the manifests, without an engine and without a cluster: the
# real entrypoint as process 1 of namespaces of its own, with the powers that
# Docker and Kubernetes would leave it.

load helpers

CONTAINER=$BATS_TEST_DIRNAME/../container
SOURCE=$BATS_TEST_DIRNAME/../..

# has_namespaces: root may make its own here.
has_namespaces() {
	[ "$(id -u)" -eq 0 ] && unshare --net --pid --mount --fork true 2>/dev/null
}

setup() {
	has_namespaces || skip "needs root and namespaces"
}

setup_file() {
	has_namespaces || return 0
	"$CONTAINER/root" "$BATS_FILE_TMPDIR/image" "$(realpath "$BUILD")" \
		>"$BATS_FILE_TMPDIR/root"
	SWITCH=pc-$$
	export SWITCH
	ip netns add "$SWITCH"
	ip -n "$SWITCH" link add bridge type bridge
	ip -n "$SWITCH" link set bridge up
	ip -n "$SWITCH" addr add 10.55.0.1/24 dev bridge
}

teardown() {
	containers_stop
	[ -n "${BATS_TEST_COMPLETED-}" ] ||
		tail -n 30 "$BATS_TEST_TMPDIR"/*.log 2>/dev/null || true
	# What is in the image is there for all.
	rm -rf "$BATS_FILE_TMPDIR"/image/root/consul/*/*
}

teardown_file() {
	local name
	[ -n "${SWITCH-}" ] || return 0
	for name in $(ip netns list | cut -d' ' -f1 | grep "^$SWITCH"); do
		ip netns delete "$name"
	done
}

# host NAME ADDRESS: a network namespace with eth0, at the switch.
host() {
	local name=$SWITCH-$1
	ip netns add "$name"
	ip -n "$SWITCH" link add "to-$1" type veth peer name eth0 netns "$name"
	ip -n "$SWITCH" link set "to-$1" master bridge up
	ip -n "$name" link set lo up
	ip -n "$name" link set eth0 up
	ip -n "$name" addr add "$2/24" dev eth0
}

# container NAME [options of tests/container/run] -- command...
# In the background; its first process is $NAME.pid, its words $NAME.log.
container() {
	local name=$1 options=() image
	shift
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mapfile -t image <"$BATS_FILE_TMPDIR/root"
	"$CONTAINER/run" "${options[@]}" "${image[@]}" -- docker-entrypoint.sh \
		"$@" >>"$BATS_TEST_TMPDIR/$name.log" 2>&1 3>&- 4>&- &
	echo $! >"$BATS_TEST_TMPDIR/$name.run"
	# Before it is unshare, its children are the script's.
	wait_until 10 grep -qx unshare "/proc/$!/comm"
	wait_until 10 pgrep -P $!
	pgrep -P $! >"$BATS_TEST_TMPDIR/$name.pid"
}

# A command in a container, to its end.
container_run() {
	local options=() image
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mapfile -t image <"$BATS_FILE_TMPDIR/root"
	"$CONTAINER/run" "${options[@]}" "${image[@]}" -- docker-entrypoint.sh "$@"
}

pid_of() {
	cat "$BATS_TEST_TMPDIR/$1.pid"
}

# inside NAME command...: as `docker exec` does.
inside() {
	local pid
	pid=$(pid_of "$1")
	shift
	nsenter -t "$pid" --all --root --wd -- "$@"
}

container_stop() {
	local pid run
	pid=$(pid_of "$1")
	run=$(cat "$BATS_TEST_TMPDIR/$1.run")
	rm "$BATS_TEST_TMPDIR/$1.pid"
	kill -"${2:-TERM}" "$pid" 2>/dev/null || true
	wait_until 20 process_gone "$pid" || return 99
	wait "$run"
}

containers_stop() {
	local file
	for file in "$BATS_TEST_TMPDIR"/*.pid; do
		[ -e "$file" ] || continue
		container_stop "$(basename "$file" .pid)" KILL || true
	done
}

says() {
	grep -q -- "$2" "$BATS_TEST_TMPDIR/$1.log"
}

# ask NAME PATH [curl arguments]: of the agent inside.
ask() {
	local name=$1 path=$2
	shift 2
	inside "$name" curl -sS --fail -m 10 "$@" "http://127.0.0.1:8500$path"
}

leads() {
	[[ "$(ask "$1" /v1/status/leader)" == \"*:*\" ]]
}

daemons_of() {
	pgrep -P "$(pid_of "$1")" -x 'gossipd|raftd|catalogd|healthd|httpd|dnsd'
}

# field PID NAME: of /proc/PID/status.
field() {
	sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"
}

@test "commands: a subcommand, a flag and consul itself are ours, all else is run" {
	run container_run -- version
	[ "$status" -eq 0 ]
	[[ "$output" == "Consul v1.8.7"* ]]
	run container_run -- -v
	[[ "$output" == "Consul v1.8.7"* ]]
	run container_run -- consul keygen
	[ "${#output}" -eq 44 ]
	run container_run -- keygen
	[ "${#output}" -eq 44 ]
	run container_run -- sh -c 'cat /proc/1/comm; exit 3'
	[ "$status" -eq 3 ]
	[ "$output" = dumb-init ]
	# As the image's user, unless it is told to leave users alone.
	run container_run -- watch -type=key -key=x id
	[ "$status" -eq 1 ]
	[[ "$output" == *"connection refused"* ]]
}

@test "variables: interfaces, local configuration, folders; also for 'consul agent'" {
	host vars 10.55.0.9
	ip -n "$SWITCH-vars" link add eth1 type veth peer name none
	ip -n "$SWITCH-vars" addr add 10.56.0.9/24 dev eth1
	ip -n "$SWITCH-vars" link set eth1 up
	container vars --net "$SWITCH-vars" \
		--env CONSUL_BIND_INTERFACE=eth0 --env CONSUL_CLIENT_INTERFACE=eth1 \
		--env 'CONSUL_LOCAL_CONFIG={"datacenter":"east","node_meta":{"path":"a\\nb"},"encrypt":"8A9zUcMG0zV3fVZUVWIAxmjVVQnu5+mcq0uBdUqB1rg="}' \
		--env CONSUL_DATA_DIR=/tmp/data --tmpfs /tmp \
		-- consul agent -server -bootstrap-expect=1 -node=vars
	wait_until 20 says vars "agent running"
	says vars "==> Found address '10.55.0.9' for interface 'eth0', setting bind option..."
	says vars "==> Found address '10.56.0.9' for interface 'eth1', setting client option..."
	says vars "Cluster Addr: 10.55.0.9"
	says vars "Datacenter: 'east'"
	wait_until 20 nsenter --net=/run/netns/"$SWITCH-vars" curl -sSf -m 5 \
		http://10.56.0.9:8500/v1/catalog/datacenters
	[ "$(nsenter --net=/run/netns/"$SWITCH-vars" curl -sSf -m 5 \
		http://10.56.0.9:8500/v1/agent/self | jq -r .Meta.path)" = 'a\nb' ]
	[ "$(inside vars stat -c '%a %U:%G' /consul/config/local.json)" = \
		"640 root:_proconsul" ]
	inside vars test -e /tmp/data/raft/raft.db
	# The key is in no environment and on no command line.
	for pid in "$(pid_of vars)" $(daemons_of vars); do
		not grep -qz 8A9zUcMG "/proc/$pid/environ"
		not grep -qz 8A9zUcMG "/proc/$pid/cmdline"
	done
	# A given flag wins, as it stands behind.
	run container_run --env CONSUL_BIND_INTERFACE=eth7 -- agent
	[ "$status" -eq 1 ]
	[[ "$output" == *"Could not find IP for interface 'eth7', exiting"* ]]
}

@test "as root with Docker's capabilities: a user a daemon, orphans are reaped, SIGTERM ends it" {
	container one --env CONSUL_ALLOW_PRIVILEGED_PORTS= -- agent -dev \
		-client 0.0.0.0 -dns-port=53 -enable-script-checks
	wait_until 20 leads one
	wait_until 10 says one "Started DNS server: address=0.0.0.0:53 network=udp"
	not says one net.ipv4.ip_unprivileged_port_start
	[ "$(daemons_of one | wc -l)" -eq 6 ]
	for pid in $(daemons_of one); do
		[ "$(field "$pid" CapEff)" = 0000000000000000 ]
		[ "$(field "$pid" CapBnd)" = 0000000000000000 ]
		[ "$(field "$pid" Seccomp)" = 2 ]
	done
	[ "$(for pid in $(daemons_of one); do stat -c %u "/proc/$pid"; done |
		sort -u | wc -l)" -eq 6 ]
	inside one proconsul audit -quiet # as `docker exec --privileged` does
	# A script that leaves a child behind, which then dies.
	ask one /v1/agent/check/register -X PUT -d '{"Name": "leaves", "Interval": "1s",
		"Args": ["sh", "-c", "setsid sleep 0.3 >/dev/null 2>&1 & echo left"]}'
	wait_until 20 passes one leaves
	sleep 1
	not inside one sh -c 'grep -q "^State:.*Z" /proc/[0-9]*/status'
	# The article: docker cp, then docker exec.
	echo '{"service": {"name": "hello", "port": 5000}}' |
		inside one sh -c 'cat >/consul/config/hello.json'
	inside one consul reload
	wait_until 10 ask one '/v1/agent/service/hello'
	local status=0
	container_stop one || status=$?
	[ "$status" -eq 1 ] # as Consul's server
	grep -q 'Exit code: code=1' "$BATS_TEST_TMPDIR/one.log"
}

passes() {
	ask "$1" /v1/agent/checks | jq -e --arg id "$2" '.[$id].Status == "passing"'
}

@test "as a stranger: read-only root, no capability, no Landlock, no new privileges; it keeps its data" {
	local volume=$BATS_TEST_TMPDIR/volume powers
	mkdir -m 0770 "$volume"
	chown 1000:0 "$volume"
	powers=(--user 1000:0 --caps none --no-new-privs --seccomp --read-only
		--mount "$volume:/consul/data"
		--env 'CONSUL_LOCAL_CONFIG={"datacenter":"west"}'
		--env CONSUL_ALLOW_PRIVILEGED_PORTS=)
	container strict "${powers[@]}" -- agent -server -bootstrap-expect=1 \
		-bind=127.0.0.1
	wait_until 20 leads strict
	says strict "Datacenter: 'west'"
	says strict "sysctl net.ipv4.ip_unprivileged_port_start=0"
	[ "$(grep -c 'Landlock is not there' "$BATS_TEST_TMPDIR/strict.log")" = 1 ]
	ask strict /v1/kv/kept -X PUT -d yes
	[ "$(daemons_of strict | wc -l)" -eq 6 ]
	[ "$(field "$(daemon_in strict httpd)" Seccomp)" = 2 ]
	container_stop strict || true
	container strict "${powers[@]}" -- agent -server -bootstrap-expect=1 \
		-bind=127.0.0.1
	wait_until 20 leads strict
	[ "$(ask strict '/v1/kv/kept?raw')" = yes ]
}

daemon_in() {
	pgrep -P "$(pid_of "$1")" -x "$2"
}

@test "as root with CONSUL_UID: all daemons are that user" {
	container uid --env CONSUL_UID=1234 --env CONSUL_GID=1000 \
		--env 'CONSUL_LOCAL_CONFIG={"datacenter":"north"}' \
		-- agent -server -bootstrap-expect=1 -bind=127.0.0.1
	wait_until 20 leads uid
	says uid "Datacenter: 'north'"
	for pid in "$(pid_of uid)" $(daemons_of uid); do
		[ "$(stat -c %u:%g "/proc/$pid")" = 1234:1000 ]
	done
	container_stop uid || [ $? -eq 1 ]
}

@test "as root without any capability: all daemons are root's, and as narrow" {
	container bare --caps none -- agent -dev
	wait_until 20 leads bare
	for pid in $(daemons_of bare); do
		[ "$(field "$pid" CapBnd)" = 0000000000000000 ]
		[ "$(field "$pid" NoNewPrivs)" = 1 ]
	done
}

@test "too few capabilities, nowhere to write: said with what to do" {
	run container_run --caps setuid,setgid,chown -- agent -dev
	[ "$status" -eq 1 ]
	[[ "$output" == *"root needs CHOWN, DAC_OVERRIDE,"*"or none:"* ]]
	# Just enough: what README.md says.
	container enough --no-new-privs \
		--caps chown,dac_override,fowner,fsetid,kill,setgid,setuid \
		-- agent -server -bootstrap-expect=1 -bind=127.0.0.1
	wait_until 20 leads enough
	container_stop enough || [ $? -eq 1 ]
	run container_run --user 1000:1000 --read-only --mount /usr:/dev/shm:ro -- agent -dev
	[ "$status" -eq 1 ]
	[[ "$output" == *"mount one at /run"* ]]
}

@test "Dockerfile: what it copies is there, its shell is clean, it brings every library" {
	cd "$SOURCE"
	run "$CONTAINER/dockerfile.py" check conf/docker/Dockerfile
	[ "$output" = "" ]
	local installed package
	installed=$("$CONTAINER/dockerfile.py" get conf/docker/Dockerfile RUN |
		grep apt-get)
	# What they link, and what they load by themselves.
	libraries_named >"$BATS_TEST_TMPDIR/libraries"
	[ "$(wc -l <"$BATS_TEST_TMPDIR/libraries")" -gt 8 ]
	xargs dpkg-query -S <"$BATS_TEST_TMPDIR/libraries" |
		cut -d: -f1 | sort -u >"$BATS_TEST_TMPDIR/packages"
	grep -qx libcurl4 "$BATS_TEST_TMPDIR/packages"
	while read -r package; do
		[[ "$package" =~ ^(libc6.*|libgcc-s1|libasan8|libubsan1)$ ]] ||
			[[ "$installed" == *" $package "* ]]
	done <"$BATS_TEST_TMPDIR/packages"
}

# libraries_named: as patterns of files.
libraries_named() {
	{
		objdump -p "$BUILD"/{gossipd,raftd,catalogd,healthd,healthd-prober} \
			"$BUILD"/{httpd,dnsd,proconsul} | awk '/NEEDED/ { print $2 }'
		git grep -ho '"lib[a-z0-9]*\.so\.[0-9]*"' -- '*.c' | tr -d '"'
	} | sort -u | sed 's|^|*-linux-gnu/|'
}

@test "manifests: names, ports, volumes and powers fit together" {
	cd "$SOURCE/conf/kubernetes"
	run "$CONTAINER/manifests.py" check ./*.yaml
	[ "$output" = "" ]
	# And the check sees what is wrong, and says just that.
	while IFS='|' read -r file change said; do
		mkdir -p "$BATS_TEST_TMPDIR/m"
		cp ./*.yaml "$BATS_TEST_TMPDIR/m/"
		sed -i "$change" "$BATS_TEST_TMPDIR/m/$file"
		run "$CONTAINER/manifests.py" check "$BATS_TEST_TMPDIR"/m/*.yaml
		echo "$change: $output"
		[ "$status" -eq 1 ]
		grep -qF ": $said" <<<"$output"
		not grep -qvF ": $said" <<<"$output"
	done <<-'END'
		services.yaml|s/targetPort: http/targetPort: htpp/|no container has port htpp
		services.yaml|s/selector: {app: consul, component: server/&s/|its selector chooses 0 workloads
		server.yaml|s/mountPath: .consul.data/mountPath: x}\n            - {name: nodata, &/|no volume nodata
		server.yaml|s/serviceName: consul/&-x/|no headless service consul-x
		server.yaml|s/drop: \[ALL\]/drop: [NET_RAW]/|keeps capabilities
		server.yaml|s/64Mi/64Mib/|64Mib is no quantity
		server.yaml|s/key: gossip-key/key: key/|no secret consul-gossip-key with key
		server.yaml|s/\$(POD_IP)/$(POD_IPS)/|$(POD_IPS) is not there
		server.yaml|s/leader, port: http}/leader, port: web}/|livenessProbe asks port web
		server.yaml|s/runAsNonRoot: true/runAsNonRoot: false/|may run as root
		server.yaml|/enableServiceLinks/d|gets variables named after services
	END
}

# rendered VALUES: the chart with these, in YAML, checked; in rendered.yaml.
rendered() {
	local out=$BATS_TEST_TMPDIR/rendered.yaml
	tr '\t' ' ' <<<"$1" >"$BATS_TEST_TMPDIR/values.yaml"
	"$CONTAINER/chart.py" "$SOURCE/conf/kubernetes/helm/proconsul" \
		"$BATS_TEST_TMPDIR/values.yaml" >"$out" || return 1
	"$CONTAINER/manifests.py" check "$out"
}

@test "chart: its defaults are the plain manifests, and what can be set fits together" {
	local chart=$SOURCE/conf/kubernetes/helm/proconsul kind
	"$CONTAINER/manifests.py" schema "$chart/values.schema.json" \
		"$chart/values.yaml"
	rendered '{client: {enabled: true}, server: {extraConfig: "{}"}}'
	for kind in StatefulSet/consul Service/consul Service/consul-ui \
		Service/consul-dns PodDisruptionBudget/consul-pdb \
		DaemonSet/consul-client; do
		"$CONTAINER/manifests.py" alike "$kind" \
			"$BATS_TEST_TMPDIR/rendered.yaml" "$SOURCE"/conf/kubernetes/*.yaml
	done
	grep -q '"retry_join": \["consul-0.consul","consul-1.consul","consul-2.consul"\]' \
		"$BATS_TEST_TMPDIR/rendered.yaml"
	rendered '{global: {name: dc, datacenter: east, imagePullSecrets: [{name: r}],
	    gossipEncryption: {secretName: consul-gossip-key}},
	  server: {replicas: 5, bootstrapExpect: 3, storageClass: fast,
	    extraConfig: "{\"log_level\": \"debug\"}", tolerations: [{key: a}],
	    extraEnvironmentVars: {A: 1}, nodeSelector: {disk: ssd},
	    priorityClassName: high, annotations: {a: b}},
	  client: {enabled: true, join: [a.b]},
	  ui: {service: {type: LoadBalancer, nodePort: 30082, annotations: {k: v}}},
	  dns: {clusterIP: 10.0.0.10}}'
	grep -q '"bootstrap_expect": 3,' "$BATS_TEST_TMPDIR/rendered.yaml"
	not grep -q 'kind: Secret$' "$BATS_TEST_TMPDIR/rendered.yaml"
	rendered '{global: {gossipEncryption: {autoGenerate: false}},
	  server: {disruptionBudget: {enabled: false}}, ui: {enabled: false},
	  dns: {enabled: false}, tests: {enabled: false}}'
	not grep -qE 'GOSSIP_KEY|NodePort|consul-pdb|consul-test' \
		"$BATS_TEST_TMPDIR/rendered.yaml"
	rendered '{server: {affinity: {}}}'
	not grep -q podAntiAffinity "$BATS_TEST_TMPDIR/rendered.yaml"
	run rendered '{ui: {service: {type: ClusterIP, nodePort: 30082}}}'
	[ "$status" -ne 0 ]
	grep -q 'ui.service.nodePort: a service of type ClusterIP has none' <<<"$output"
}

@test "chart: a key of gossip that is there stays, one that is not is asked for" {
	export THERE=$BATS_TEST_TMPDIR/there.yaml
	echo '{kind: Secret, metadata: {name: consul-gossip-key},
	  data: {gossip-key: b2xk}}' | tr '\t' ' ' >"$THERE"
	rendered '{}'
	grep -q '^  gossip-key: b2xk$' "$BATS_TEST_TMPDIR/rendered.yaml"
	run rendered '{global: {gossipEncryption: {secretKey: key}}}'
	[ "$status" -ne 0 ]
	grep -q 'the secret consul-gossip-key is there, but has no key key' <<<"$output"
	echo '{kind: Secret, metadata: {name: consul-gossip-key}}' >"$THERE"
	run rendered '{}'
	[ "$status" -ne 0 ]
	grep -q 'has no key gossip-key' <<<"$output"
}

# pod ORDINAL ADDRESS [WORKLOAD]: of the StatefulSet, with its own volume.
pod() {
	local folder=$BATS_FILE_TMPDIR/pod-$1 all options=() hosts
	hosts=$BATS_TEST_TMPDIR/hosts
	GOSSIP_KEY=8A9zUcMG0zV3fVZUVWIAxmjVVQnu5+mcq0uBdUqB1rg= \
		"$CONTAINER/manifests.py" pod "${3:-StatefulSet/consul}" \
		"$1" "$2" "$folder" "$SOURCE"/conf/kubernetes/*.yaml \
		>"$BATS_TEST_TMPDIR/options"
	mapfile -t all <"$BATS_TEST_TMPDIR/options"
	while [ "${all[0]}" != -- ]; do
		options+=("${all[0]}")
		all=("${all[@]:1}")
	done
	container "consul-$1" --net "$SWITCH-$1" "${options[@]}" \
		--mount "$hosts:/etc/hosts:ro" "${all[@]}"
}

# The names of the headless service, of the pods as they are now.
names_write() {
	local i=0 address
	for address in "$@"; do
		echo "$address consul-$i consul-$i.consul"
		i=$((i + 1))
	done >"$BATS_TEST_TMPDIR/hosts"
}

# is_ready ADDRESS [PROBE] [WORKLOAD]
is_ready() {
	nsenter --net=/run/netns/"$SWITCH" "$CONTAINER/manifests.py" probe \
		"${3:-StatefulSet/consul}" "${2:-readiness}" "$1" \
		"$SOURCE"/conf/kubernetes/*.yaml
}

@test "StatefulSet: three pods are a cluster, one that is lost comes back as itself" {
	host 0 10.55.0.20
	host 1 10.55.0.21
	host 2 10.55.0.22
	names_write 10.55.0.20 10.55.0.21 10.55.0.22
	pod 0 10.55.0.20
	wait_until 20 is_ready 10.55.0.20 liveness
	run is_ready 10.55.0.20
	[ "$status" -ne 0 ] # alone it has no leader
	pod 1 10.55.0.21
	pod 2 10.55.0.22
	wait_until 40 is_ready 10.55.0.20
	wait_until 20 is_ready 10.55.0.21
	wait_until 20 is_ready 10.55.0.22
	ask consul-0 /v1/kv/kept -X PUT -d yes
	local before
	before=$(ask consul-1 /v1/agent/self | jq -r .Config.NodeID)
	# The node is lost; the pod comes back with its volume, elsewhere.
	container_stop consul-1 KILL || true
	ip -n "$SWITCH-1" addr del 10.55.0.21/24 dev eth0
	ip -n "$SWITCH-1" addr add 10.55.0.31/24 dev eth0
	names_write 10.55.0.20 10.55.0.31 10.55.0.22
	pod 1 10.55.0.31
	wait_until 40 is_ready 10.55.0.31
	[ "$(ask consul-1 /v1/agent/self | jq -r .Config.NodeID)" = "$before" ]
	[ "$(ask consul-1 '/v1/kv/kept?raw')" = yes ]
	wait_until 40 all_vote
	# In the cluster its members are these, by these names.
	wait_until 20 inside consul-2 sh -c \
		'[ "$(consul members | grep -c "^consul-[012] .*alive *server")" = 3 ]'
	# A changed ConfigMap: the kubelet turns one link.
	local config=$BATS_FILE_TMPDIR/pod-0/config
	cp -r "$config/..2026_01_01" "$config/..2026_01_02"
	echo '{"service": {"name": "hello", "port": 5000}}' \
		>"$config/..2026_01_02/hello.json"
	ln -sfn ..2026_01_02 "$config/..data"
	ln -s ..data/hello.json "$config/hello.json"
	inside consul-0 consul reload
	wait_until 10 ask consul-0 /v1/agent/service/hello
	# A client of the DaemonSet: by its node's name; on SIGTERM it leaves.
	host 9 10.55.0.29
	pod 9 10.55.0.29 DaemonSet/consul-client
	wait_until 20 is_ready 10.55.0.29 readiness DaemonSet/consul-client
	[ "$(ask consul-9 '/v1/kv/kept?raw')" = yes ]
	container_stop consul-9
	wait_until 20 inside consul-2 sh -c \
		'consul members | grep -q "^node-9 .*left *client"'
	# SIGTERM: well within the grace, and the cluster does not shrink.
	container_stop consul-2 || [ $? -eq 1 ]
	[ "$(ask consul-0 /v1/operator/raft/configuration | jq '.Servers | length')" = 3 ]
	# All at once, and nobody has the address that he had.
	container_stop consul-0 KILL || true
	container_stop consul-1 KILL || true
	names_write 10.55.0.40 10.55.0.41 10.55.0.42
	for i in 0 1 2; do
		ip -n "$SWITCH-$i" addr flush dev eth0
		ip -n "$SWITCH-$i" addr add "10.55.0.4$i/24" dev eth0
		pod "$i" "10.55.0.4$i"
	done
	wait_until 40 is_ready 10.55.0.42
	[ "$(ask consul-2 '/v1/kv/kept?raw')" = yes ]
}

all_vote() {
	ask consul-0 /v1/operator/raft/configuration |
		jq -e '[.Servers[] | select(.Voter) | .Address] | sort ==
		    ["10.55.0.20:8300", "10.55.0.22:8300", "10.55.0.31:8300"]'
}
