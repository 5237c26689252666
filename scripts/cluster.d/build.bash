# Part of scripts/cluster: builds Kubernetes from Debian's source package with Debian's Go. Debian's only binary is
# kubectl, but the source package contains the whole tree with its dependencies.

kube_programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)

is_built() {
    local program
    for program in "${kube_programs[@]}" pause; do [[ -x $bin/$program ]] || return; done
}

build() {
    "$here/setup" cluster
    is_built && return
    mkdir -p "$cache"
    # A second process waits here, and then finds the finished build.
    exec 9>"$cache/lock"
    flock 9
    if ! is_built; then
        "$here/setup" cluster-build
        (fetch_source)
        (compile)
        rm -rf "$cache/source" "$cache/gopath" "$cache/go-build" "$cache/apt"
        say "built in $bin"
    fi
    exec 9>&-
}

# Fetches the source package from the machine's own Debian mirrors. The package lists are separate, so /etc/apt stays
# unchanged.
fetch_source() {
    local tree=$cache/gopath/src/k8s.io/kubernetes
    [[ ! -d $tree ]] || return 0
    say "fetching the source package of kubernetes $kube_version"
    rm -rf "$cache/apt" "$cache/source"
    mkdir -p "$cache/apt/sources" "$cache/apt/lists/partial" "$cache/source" "$(dirname "$tree")"
    local file
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/debian.{list,sources}; do
        [[ -f $file ]] || continue
        sed -e 's/^Types:.*/Types: deb-src/' -e 's/^deb /deb-src /' "$file" >"$cache/apt/sources/${file##*/}"
    done
    local apt=(-qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$cache/apt/sources"
        -o "Dir::State::Lists=$cache/apt/lists" -o "APT::Sandbox::User=root")
    apt-get "${apt[@]}" update
    local version
    version=$(apt-cache "${apt[@]}" showsrc kubernetes |
        awk -v version="really$kube_version" '/^Version:/ && index($2, version) { print $2; exit }')
    [[ -n $version ]] || die "Debian's sources have no kubernetes $kube_version: this script is for Debian 12"
    cd "$cache/source"
    apt-get "${apt[@]}" source --download-only "kubernetes=$version"
    dpkg-source -x ./kubernetes_*.dsc tree >/dev/null
    # Repair before the move, so that it happens only once.
    (cd tree && repair)
    mv tree "$tree"
}

compile() {
    cd "$cache/gopath/src/k8s.io/kubernetes"
    # Debian's Go rejects the module files of this tree. With GOPATH it needs none. The user's caches stay unchanged.
    export GOPATH=$cache/gopath GO111MODULE=off GOCACHE=$cache/go-build GOFLAGS=
    mkdir -p "$bin"
    if [[ ! -f pkg/generated/openapi/zz_generated.openapi.go ]]; then generate_openapi; fi
    say "building Kubernetes (minutes)"
    go build -o "$bin/" -ldflags "-s -w $(version_flags)" "${kube_programs[@]/#/./cmd/}"
    gcc -Os -static -o "$bin/pause" build/pause/linux/pause.c
}

# Adapts the tree to Debian's newer Go.
repair() {
    # reflect2 is older than Go 1.18, which changed the signature of the runtime's mapiterinit: the API server crashed
    # at the first custom resource. This is the change of reflect2 1.0.2.
    local folder=vendor/github.com/modern-go/reflect2
    sed -i '/^func mapiterinit(/s/) \*hiter$/, it *hiter)/' "$folder/unsafe_link.go"
    sed -i '/^\t\/\/ rest fields are ignored$/c\
\tt, h, buckets, bptr unsafe.Pointer\
\toverflow, oldoverflow *[]unsafe.Pointer\
\tstartBucket uintptr\
\toffset uint8\
\twrapped bool\
\tB, i uint8\
\tbucket, checkBucket uintptr' "$folder/unsafe_link.go"
    sed -i -e '/^func (type2 \*UnsafeMapType) UnsafeIterate(/a\
\tvar it hiter\
\tmapiterinit(type2.rtype, *(*unsafe.Pointer)(obj), \&it)' \
        -e 's/^\t\thiter:      mapiterinit(.*$/\t\thiter: \&it,/' "$folder/unsafe_map.go"

    # In newer versions of Go, all empty strings have the same address, and this comparison treats them as null: an
    # empty string in a custom resource was rejected. With the Go of Kubernetes 1.20, the comparison was never true.
    folder=vendor/k8s.io/kube-openapi/pkg/validation/validate
    sed -i 's/if data == nil || reflect.DeepEqual(.*{$/if data == nil {/' "$folder/type.go"
}

# Prints the linker flags with the version. The API server reads it from both packages.
version_flags() {
    local package
    for package in component-base/version client-go/pkg/version; do
        package=k8s.io/kubernetes/vendor/k8s.io/$package
        printf ' -X %s=%s' "$package.gitVersion" "v$kube_version" "$package.gitMajor" 1 "$package.gitMinor" 20
    done
}

# Generates a file that the source package does not contain.
generate_openapi() {
    say "generating the OpenAPI definitions"
    go build -o "$cache/gopath/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
    local packages
    packages=$({
        grep -rl --include='*.go' -e '+k8s:openapi-gen=' pkg cmd
        for folder in vendor/k8s.io/*; do grep -rl --include='*.go' -e '+k8s:openapi-gen=' "$folder/" || true; done
    } | xargs -n1 dirname | sort -u | grep -v -e code-generator -e sample -e kube-openapi |
        sed 's#^#k8s.io/kubernetes/#' | paste -sd,)
    "$cache/gopath/openapi-gen" --go-header-file hack/boilerplate/boilerplate.generatego.txt -i "$packages" \
        -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi -o "$GOPATH/src" -r /dev/null 2>/dev/null
}
