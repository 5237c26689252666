public import ArgumentParser
public import F2SClient

extension WaitGoal: ExpressibleByArgument {}
