/** The conversation that this page is about. */
export const support = { template: "support" } as const
