/** What a started program tells of itself, in one line of JSON. */

/** What it took from the start of the process to the first reply. */
export interface Told {
  readonly ms: number
  readonly cpuMs: number
  readonly residentBytes: number
}

export const argument = (index: number): string => {
  const given = process.argv[index]
  if (given === undefined) throw new Error("Give a database file and the address of a model.")
  return given
}

export const tell = (): void => {
  const { system, user } = process.cpuUsage()
  const told: Told = {
    // Counted from the start of the process.
    ms: performance.now(),
    cpuMs: (system + user) / 1000,
    residentBytes: process.memoryUsage.rss()
  }
  console.log(JSON.stringify(told))
}
