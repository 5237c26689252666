import F2SModel
import Testing

@testable import F2SKubernetes

@Suite struct AppliedFieldsTests {
    private let wanted: JSONValue

    init() throws {
        let target = Target(
            image: "i:1", command: ["a", "b"], environment: ["A": "", "B": "1"], secrets: ["s"],
            resources: Resources(cpu: try Quantity("0.5", field: ""), memory: try Quantity("1024Mi", field: "")))
        wanted = WorkloadManifest(function: try sampleFunction("hello", target), settings: sampleSettings())
            .deployment(replicas: 2, keeping: nil)
    }

    /// Returns the tree with one value replaced. A number in the path is an index of a list.
    private func changed(_ tree: JSONValue, _ path: ArraySlice<String>, to value: JSONValue?) -> JSONValue? {
        guard let key = path.first else { return value }
        if let index = Int(key), case .array(var elements) = tree {
            let element = elements.indices.contains(index) ? elements[index] : [:]
            let next = changed(element, path.dropFirst(), to: value) ?? [:]
            if elements.indices.contains(index) { elements[index] = next } else { elements.append(next) }
            return .array(elements)
        }
        guard case .object(var members) = tree else { return tree }
        members[key] = changed(members[key] ?? [:], path.dropFirst(), to: value)
        return .object(members)
    }

    /// Returns the hash of the tree with one value replaced. A tilde in the path stands for a slash within a name.
    private func digest(_ path: String, to value: JSONValue?) throws -> String {
        let parts = path.split(separator: "/").map { String($0).replacing("~", with: "/") }
        return AppliedFields.digest(of: try #require(changed(wanted, parts[...], to: value)))
    }

    private static let container = "spec/template/spec/containers/0"

    @Test(
        arguments: [
            ("spec/replicas", 3), ("spec/template/spec/terminationGracePeriodSeconds", 1),
            ("spec/strategy/rollingUpdate/maxUnavailable", 1), ("metadata/labels/app.kubernetes.io~name", "x"),
            ("\(container)/image", "i:2"), ("\(container)/command", ["b", "a"]), ("\(container)/command", nil),
            ("\(container)/env/1/value", "2"), ("\(container)/env/9/name", "C"), ("\(container)/envFrom", nil),
            ("\(container)/envFrom/0/secretRef/name", "other"), ("\(container)/envFrom/0/secretRef/optional", true),
            ("\(container)/envFrom/9/configMapRef/name", "c"), ("\(container)/envFrom/0/prefix", "P_"),
            ("\(container)/resources/limits/cpu", "501m"), ("\(container)/ports/0/containerPort", 1),
            ("\(container)/securityContext/allowPrivilegeEscalation", true),
            ("\(container)/readinessProbe/tcpSocket/port", 1), ("\(container)/lifecycle", nil),
        ] as [(String, JSONValue?)])
    func `a change of an applied field changes the hash`(path: String, value: JSONValue?) throws {
        #expect(try digest(path, to: value) != AppliedFields.digest(of: wanted))
    }

    @Test(
        arguments: [
            ("metadata/labels/team", "x"), ("metadata/annotations/a", "b"), ("spec/progressDeadlineSeconds", 600),
            ("spec/template/metadata/annotations/a", "b"), ("spec/template/spec/dnsPolicy", "ClusterFirst"),
            ("\(container)/readinessProbe/timeoutSeconds", 1), ("\(container)/terminationMessagePath", "/dev/x"),
            ("\(container)/resources/limits/cpu", "500m"), ("\(container)/resources/requests/memory", "1Gi"),
            ("\(container)/args", ["x"]), ("status/replicas", 7), ("spec/template/spec/imagePullSecrets", []),
        ] as [(String, JSONValue?)])
    func `fields of other clients and other notations of the API server do not change the hash`(
        path: String, value: JSONValue?
    ) throws {
        #expect(try digest(path, to: value) == AppliedFields.digest(of: wanted))
    }
}
