import F2SModel
import Testing

@Suite struct DescriptorBudgetTests {
    @Test(arguments: [0, 1, 64, 128, 256, 1024, 20_000, 1_048_576, 1 << 30])
    func `connections never use the reserve, and client connections leave some for replicas`(limit: Int) {
        let budget = DescriptorBudget(limit: limit)
        #expect(budget.connectionsMax + budget.reserve == limit)
        #expect(budget.reserve >= min(64, limit / 2) && budget.reserve <= 1024)
        #expect(budget.clientConnectionsMax <= max(1, budget.connectionsMax))
        if limit >= 128 { #expect(budget.clientConnectionsMax < budget.connectionsMax) }
    }

    @Test func `the default of 20,000 connections is lowered if only 20,000 files may be open, and kept otherwise`() {
        #expect(DescriptorBudget(limit: 20_000).applied(to: Limits()).connectionsMax == 14_232)
        #expect(DescriptorBudget(limit: 1_048_576).applied(to: Limits()).connectionsMax == 20_000)
        var limits = Limits()
        limits.connectionsMax = 10
        #expect(DescriptorBudget(limit: 20_000).applied(to: limits).connectionsMax == 10)
    }
}
