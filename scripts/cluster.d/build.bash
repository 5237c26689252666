# Part of scripts/cluster: Kubernetes from Debian's source package. Debian ships kubectl as a binary only; its source holds
# the whole tree with all that it needs, and Debian's Go builds it.

kube_programs=(kube-apiserver kube-controller-manager kube-scheduler kubelet kube-proxy)

is_built() {
    local program
    for program in "${kube_programs[@]}" pause; do [[ -x $bin/$program ]] || return; done
}

build() {
    "$here/setup" cluster
    is_built && return
    mkdir -p "$cache"
    # Whoever comes second waits, and finds it built.
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

# The machine's own sources of Debian, asked for source packages, with lists of their own: nothing is changed in /etc/apt.
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
    # Before it is in its place, so that it happens once.
    (cd tree && repair)
    mv tree "$tree"
}

compile() {
    cd "$cache/gopath/src/k8s.io/kubernetes"
    # Debian's Go refuses this tree's module files; with GOPATH it asks for none. The user's own caches are left alone.
    export GOPATH=$cache/gopath GO111MODULE=off GOCACHE=$cache/go-build GOFLAGS=
    mkdir -p "$bin"
    if [[ ! -f pkg/generated/openapi/zz_generated.openapi.go ]]; then generate_openapi; fi
    say "building Kubernetes (minutes)"
    go build -o "$bin/" -ldflags "-s -w $(version_flags)" "${kube_programs[@]/#/./cmd/}"
    gcc -Os -static -o "$bin/pause" build/pause/linux/pause.c
}

# Debian's Go is younger than this tree.
repair() {
    # reflect2 is older than Go 1.18, in which the runtime's mapiterinit has another signature: the API server died of the
    # first custom resource. reflect2 1.0.2 does it so.
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

    # Every empty text has one address by now, and this comparison of addresses takes it for null: an empty text in a
    # custom resource was refused. The Go that 1.20 was made with never found the two equal.
    folder=vendor/k8s.io/kube-openapi/pkg/validation/validate
    sed -i 's/if data == nil || reflect.DeepEqual(.*{$/if data == nil {/' "$folder/type.go"
}

# Flags of the linker that say which version it is: the API server has it from both packages.
version_flags() {
    local package
    for package in component-base/version client-go/pkg/version; do
        package=k8s.io/kubernetes/vendor/k8s.io/$package
        printf ' -X %s=%s' "$package.gitVersion" "v$kube_version" "$package.gitMajor" 1 "$package.gitMinor" 20
    done
}

# The source package leaves this file out, and holds what makes it.
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
