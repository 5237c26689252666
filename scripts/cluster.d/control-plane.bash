# Part of scripts/cluster: etcd, the API server, the controllers and the scheduler.

# The range for benchmarks (RFC 2544), which conflicts with no real network.
service_range=198.19.0.0/16
service_address=198.19.0.1

# control_plane node|none: starts the parts that do not run.
control_plane() {
    local wanted=$1
    if ! is_running etcd; then
        umask 077
        mkdir -p "$run/pki"
        chmod 755 "$run"
        {
            echo "api_port=$(free_port F2S_CLUSTER_API_PORT)"
            echo "etcd_port=$(free_port F2S_CLUSTER_ETCD_PORT)"
            echo "etcd_peer_port=$(free_port F2S_CLUSTER_ETCD_PEER_PORT)"
        } >"$run/ports"
        make_certificates
        echo none >"$run/reach"
        umask 022
    fi
    # Without a node the API server listens on loopback only. Pods need it on the node's address.
    if [[ $wanted == node && $(<"$run/reach") == none ]]; then
        echo node >"$run/reach"
        end_with KILL apiserver
    fi
    local part
    for part in etcd apiserver controller-manager scheduler; do is_running "$part" || "start_$part"; done
    await 30 controller-manager "the default service account" ask get serviceaccount default --namespace=default
}

ask() { kubectl --kubeconfig="$run/kubeconfig" --request-timeout=5s "$@"; }

# Prints the address of the machine, or loopback if it has none.
machine_address() {
    local address
    address=$(ip -4 -o addr show scope global | awk '$2 != "f2s0" { sub("/.*", "", $4); print $4; exit }')
    echo "${address:-127.0.0.1}"
}

# Makes one authority that signs all certificates: of the API server, of its clients with a certificate, of the front
# proxy (so that a pod can serve an APIService), and of the API server as a client of the kubelet.
make_certificates() {
    local pki=$run/pki
    openssl ecparam -name prime256v1 -genkey -noout -out "$pki/sa.key" 2>/dev/null
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$pki/ca.key" -out "$pki/ca.crt" \
        -days 365 -subj /CN=f2s-cluster 2>/dev/null
    local names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
    certificate apiserver /CN=kube-apiserver "subjectAltName=IP:127.0.0.1,IP:$(machine_address),IP:$service_address,$names"
    certificate proxy /CN=front-proxy-client extendedKeyUsage=clientAuth
    certificate admin /O=system:masters/CN=admin extendedKeyUsage=clientAuth
    local token
    token=$(openssl rand -hex 16)
    echo "$token,admin,admin,\"system:masters\"" >"$run/tokens.csv"
    . "$run/ports"
    # Two ways to authenticate, for the tests of the Kubernetes client. The first one is the current one.
    cat >"$run/kubeconfig" <<YAML
apiVersion: v1
kind: Config
clusters:
- {name: f2s, cluster: {server: "https://127.0.0.1:$api_port", certificate-authority: $pki/ca.crt}}
users:
- {name: admin, user: {token: $token}}
- {name: admin-by-certificate, user: {client-certificate: $pki/admin.crt, client-key: $pki/admin.key}}
contexts:
- {name: f2s, context: {cluster: f2s, user: admin}}
- {name: f2s-by-certificate, context: {cluster: f2s, user: admin-by-certificate}}
current-context: f2s
YAML
}

# certificate NAME SUBJECT EXTENSION
certificate() {
    local file=$run/pki/$1
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$file.key" -out "$file.csr" -subj "$2" \
        2>/dev/null
    openssl x509 -req -in "$file.csr" -CA "$run/pki/ca.crt" -CAkey "$run/pki/ca.key" -CAcreateserial -days 365 \
        -extfile <(echo "$3") -out "$file.crt" 2>/dev/null
    rm "$file.csr"
}

start_etcd() {
    . "$run/ports"
    # The data does not need to survive a crash of the machine, so etcd need not sync it to the disk.
    launch etcd etcd --data-dir "$run/etcd" --unsafe-no-fsync --log-level=warn \
        --listen-client-urls "http://127.0.0.1:$etcd_port" --advertise-client-urls "http://127.0.0.1:$etcd_port" \
        --listen-peer-urls "http://127.0.0.1:$etcd_peer_port"
}

start_apiserver() {
    . "$run/ports"
    local pki=$run/pki address=127.0.0.1
    [[ $(<"$run/reach") == none ]] || address=0.0.0.0
    launch apiserver "$bin/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd_port" \
        --bind-address="$address" --secure-port="$api_port" --advertise-address="$(machine_address)" \
        --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --cert-dir="$pki" \
        --client-ca-file="$pki/ca.crt" --token-auth-file="$run/tokens.csv" --authorization-mode=RBAC \
        --allow-privileged=true --service-cluster-ip-range="$service_range" \
        --service-account-key-file="$pki/sa.key" --service-account-signing-key-file="$pki/sa.key" \
        --service-account-issuer=https://kubernetes.default.svc \
        --kubelet-preferred-address-types=InternalIP \
        --kubelet-client-certificate="$pki/admin.crt" --kubelet-client-key="$pki/admin.key" \
        --requestheader-client-ca-file="$pki/ca.crt" --requestheader-allowed-names=front-proxy-client \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- --proxy-client-cert-file="$pki/proxy.crt" \
        --proxy-client-key-file="$pki/proxy.key" --enable-aggregator-routing=true
    await 60 apiserver "the API server" ask get --raw /readyz
}

start_controller-manager() {
    launch controller-manager "$bin/kube-controller-manager" --kubeconfig="$run/kubeconfig" --leader-elect=false \
        --port=0 --secure-port=0 --service-account-private-key-file="$run/pki/sa.key" --root-ca-file="$run/pki/ca.crt" \
        --concurrent-deployment-syncs=10 --concurrent-replicaset-syncs=10 --horizontal-pod-autoscaler-sync-period=2s \
        --horizontal-pod-autoscaler-downscale-stabilization=10s --kube-api-qps=200 --kube-api-burst=400
}

start_scheduler() {
    launch scheduler "$bin/kube-scheduler" --kubeconfig="$run/kubeconfig" --leader-elect=false --port=0 --secure-port=0 \
        --kube-api-qps=200 --kube-api-burst=400
}
