# Part of scripts/cluster: the node, which runs pods.
#
# containerd and the kubelet run in their own mount namespace. Their mounts (root file systems, Secrets, network
# namespaces) and the folders with fixed paths, which are bind mounts, exist only in it, and end with the last of its
# processes. They are neither visible nor left over outside.

pod_range=198.18.0.0/24
node_name=f2s-node
bridge=f2s0
# Folders with fixed paths in the programs.
insisted=(/run/containerd /var/lib/cni /var/log/pods /var/log/containers)
# Kernel settings that the kubelet, kube-proxy and the bridge change.
kernel=(vm/overcommit_memory vm/panic_on_oom kernel/panic kernel/panic_on_oops kernel/keys/root_maxkeys
    kernel/keys/root_maxbytes net/ipv4/ip_forward net/ipv4/conf/all/route_localnet)

in_containerd() { ctr --address "$run/containerd.sock" --namespace k8s.io "$@"; }

# Checks the requirements of a node before anything is started.
check_node() {
    (($(id -u) == 0)) || die "a node needs root: run this as root, or 'up --no-node' for an API server without pods"
    [[ $(machine_address) != 127.0.0.1 ]] || die "this machine has no network address, which a node needs"
    local controller
    for controller in cpu memory pids; do
        [[ -d /sys/fs/cgroup/$controller ]] || grep -qsw "$controller" /sys/fs/cgroup/cgroup.controllers ||
            die "the control group '$controller' is missing below /sys/fs/cgroup: pods need it. 'up --no-node' does not"
    done
    is_running kubelet && return
    [[ ! -d /sys/class/net/$bridge ]] || owns_node ||
        die "the bridge $bridge exists: another cluster with a node runs here. End it, or use 'up --no-node'"
    owns_node || [[ -z $(kubepods) ]] && ! iptables-save 2>/dev/null | grep -q '^:KUBE-SERVICES' || owns_node ||
        die "another Kubernetes runs on this machine: name its kubeconfig to the tests (F2S_TEST_KUBECONFIG)," \
            "or use 'up --no-node'"
}

owns_node() { [[ -f $run/kernel ]]; }

# Prints the control groups of pods.
kubepods() { find /sys/fs/cgroup -maxdepth 2 -name kubepods -type d 2>/dev/null; }

node() {
    if ! owns_node; then
        prepare_node
        echo "kubelet_port=$(free_port F2S_CLUSTER_KUBELET_PORT)" >>"$run/ports"
        echo "proxy_health_port=$(free_port F2S_CLUSTER_PROXY_HEALTH_PORT)" >>"$run/ports"
        echo "proxy_metrics_port=$(free_port F2S_CLUSTER_PROXY_METRICS_PORT)" >>"$run/ports"
        configure_network
        configure_containerd
        configure_kubelet
        configure_proxy
    fi
    local part
    for part in containerd kubelet kube-proxy; do is_running "$part" || "start_$part"; done
    await 60 kubelet "the node" ask wait --for=condition=Ready "node/$node_name" --timeout=5s
    # Pods reach the API server by its Service, so wait for the first rules of kube-proxy.
    await 30 kube-proxy "Services" has_rules
}

has_rules() { iptables-save -t nat | grep "$service_address/32 .* -j KUBE-SVC-"; }

# Records the state of the machine that must be restored at the end.
prepare_node() {
    local folder setting
    mkdir -p "$run/node"
    for folder in "${insisted[@]}"; do
        mkdir -p "$run/node$folder"
        [[ -d $folder ]] || echo "$folder" >>"$run/folders"
        mkdir -p "$folder"
    done
    for setting in "${kernel[@]}"; do
        [[ ! -f /proc/sys/$setting ]] || echo "$setting $(<"/proc/sys/$setting")"
    done >"$run/kernel"
}

configure_network() {
    mkdir -p "$run/cni"
    cat >"$run/cni/10-f2s.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "f2s", "plugins": [
  {"type": "bridge", "bridge": "$bridge", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$run/node/addresses", "ranges": [[{"subnet": "$pod_range"}]],
            "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

configure_containerd() {
    # restrict_oom_score_adj: without CAP_SYS_RESOURCE, root may not lower the score of a container.
    cat >"$run/containerd.toml" <<TOML
version = 2
root = "$run/node/root"
state = "$run/node/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "$run/containerd.sock"
[plugins."io.containerd.internal.v1.opt"]
  path = "$run/node/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "f2s.local/pause:1"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$run/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
TOML
}

configure_kubelet() {
    . "$run/ports"
    cat >"$run/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $run/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
featureGates: {DevicePlugins: false}
cgroupDriver: cgroupfs
failSwapOn: false
makeIPTablesUtilChains: false
enforceNodeAllocatable: []
evictionHard: {nodefs.available: "1%", imagefs.available: "1%", memory.available: 100Mi}
imageGCHighThresholdPercent: 100
port: $kubelet_port
healthzPort: 0
maxPods: 250
kubeAPIQPS: 200
kubeAPIBurst: 400
registryPullQPS: 0
eventRecordQPS: 50
YAML
}

configure_proxy() {
    . "$run/ports"
    cat >"$run/kube-proxy.yaml" <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: $run/kubeconfig}
mode: iptables
clusterCIDR: $pod_range
hostnameOverride: $node_name
healthzBindAddress: 127.0.0.1:$proxy_health_port
metricsBindAddress: 127.0.0.1:$proxy_metrics_port
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms, syncPeriod: 30s}
YAML
}

start_containerd() {
    local binds='' folder
    for folder in "${insisted[@]}"; do binds+="mount --bind '$run/node$folder' '$folder' && "; done
    local enter=(unshare --mount --propagation private bash -c "$binds exec \"\$@\"" containerd) kubelet
    # If the kubelet still runs, the mounts of the pods are in its namespace.
    kubelet=$(process_of kubelet)
    [[ -z $kubelet ]] || enter=(nsenter --target "$kubelet" --mount --)
    launch containerd "${enter[@]}" containerd --config "$run/containerd.toml"
    await 20 containerd "containerd" in_containerd version
    if ! in_containerd images ls -q | grep -qF f2s.local/pause:1; then
        "$here/image-archive" "$run/pause.tar" f2s.local/pause:1 '["/pause"]' 0 /pause="$bin/pause"
        load "$run/pause.tar"
    fi
}

start_kubelet() {
    local containerd
    containerd=$(process_of containerd)
    [[ -n $containerd ]] || die "containerd does not run: start it first"
    launch kubelet nsenter --target "$containerd" --mount -- "$bin/kubelet" --kubeconfig="$run/kubeconfig" \
        --config="$run/kubelet.yaml" --container-runtime=remote \
        --container-runtime-endpoint="unix://$run/containerd.sock" --hostname-override="$node_name" \
        --node-ip="$(machine_address)" --root-dir="$run/node/kubelet" --cert-dir="$run/node/pki"
}

start_kube-proxy() { launch kube-proxy "$bin/kube-proxy" --config="$run/kube-proxy.yaml"; }

load() {
    is_running containerd || die "there is no node to load images into: 'scripts/cluster up' starts one"
    local archive
    for archive in "$@"; do in_containerd images import "$archive" >/dev/null; done
}

kill_pod() {
    local namespace=${1:?namespace} pod=${2:?pod} signal=${3-KILL} id found=''
    local of="labels.\"io.kubernetes.pod.namespace\"==$namespace,labels.\"io.kubernetes.pod.name\"==$pod"
    for id in $(in_containerd containers ls -q "$of,labels.\"io.cri-containerd.kind\"==container"); do
        # An ended container stays listed for a while, and cannot be killed again.
        in_containerd tasks kill --signal "SIG${signal#SIG}" "$id" >/dev/null 2>&1 && found=yes
    done
    [[ -n $found ]] || die "no container of the pod $pod runs in $namespace"
}

# Sends a signal to the newest process of each container of a pod: the serving process, even if it has a parent.
crash_pod() {
    local namespace=${1:?namespace} pod=${2:?pod} signal=${3-KILL} id process found=''
    local of="labels.\"io.kubernetes.pod.namespace\"==$namespace,labels.\"io.kubernetes.pod.name\"==$pod"
    for id in $(in_containerd containers ls -q "$of,labels.\"io.cri-containerd.kind\"==container"); do
        process=$(in_containerd tasks ps "$id" 2>/dev/null | awk 'NR > 1 { print $1 }' | sort -n | tail -1)
        [[ -z $process ]] || { kill -s "$signal" "$process" && found=yes; }
    done
    [[ -n $found ]] || die "no container of the pod $pod runs in $namespace"
}

# Ends all pods and restores the machine's settings. The parts need not be healthy.
leave_node() {
    owns_node || return 0
    local id folder setting value tries
    # Repeat once, because a process may have started another one meanwhile.
    for tries in 1 2; do
        for id in $(kubepods | while read -r folder; do find "$folder" -name cgroup.procs -exec cat {} + 2>/dev/null; done |
            sort -u); do
            kill -s KILL "$id" 2>/dev/null || true
        done
    done
    end containerd
    for id in $(marked); do kill -s KILL "$id" 2>/dev/null || true; done
    for ((tries = 0; tries < 50; tries++)); do
        kubepods | while read -r folder; do find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
        [[ -n $(marked)$(kubepods) ]] || break
        sleep 0.1
    done
    ip link delete "$bridge" 2>/dev/null || true
    forget_rules iptables
    forget_rules ip6tables
    while read -r setting value; do
        [[ $(<"/proc/sys/$setting") == "$value" ]] || echo "$value" >"/proc/sys/$setting" || true
    done <"$run/kernel"
    if [[ -f $run/folders ]]; then tac "$run/folders" | xargs -r rmdir 2>/dev/null || true; fi
}

# Prints the descendants of this cluster's containerd and kubelet. Containers do not have the mark.
marked() {
    local file
    for file in /proc/[0-9]*/environ; do
        if tr '\0' '\n' <"$file" 2>/dev/null | grep -qxF "F2S_CLUSTER_MARK=$run"; then
            file=${file#/proc/}
            is_part_beside_node "${file%/environ}" || echo "${file%/environ}"
        fi
    done 2>/dev/null
}

is_part_beside_node() {
    local part
    for part in etcd apiserver controller-manager scheduler; do
        [[ $1 != "$(process_of "$part")" ]] || return 0
    done
    return 1
}

forget_rules() {
    local rules
    rules=$("$1-save" 2>/dev/null) || return 0
    grep -q -e '^:KUBE-' -e '^:CNI-' <<<"$rules" || return 0
    grep -v -e KUBE- -e CNI- <<<"$rules" | "$1-restore" 2>/dev/null || true
}
