import Testing

@testable import F2SKubernetes

@Suite struct ResourceTypeTests {
    @Test func `a path contains the group, the namespace, the object and the subresource`() {
        #expect(ResourceType.pods.path(namespace: "a") == "/api/v1/namespaces/a/pods")
        #expect(
            ResourceType.functions.path(namespace: "f2s", name: "hello", subresource: "status")
                == "/apis/f2s.opensight.ch/v1alpha1/namespaces/f2s/functions/hello/status")
        #expect(ResourceType.namespaces.path(namespace: nil, name: "f2s") == "/api/v1/namespaces/f2s")
    }
}
