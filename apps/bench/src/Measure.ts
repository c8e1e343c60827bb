import { setImmediate as nextTick } from "node:timers/promises"

/** Does one turn of one user. Turns of the same user never overlap. */
export type Turn = (user: number, turn: number) => Promise<void>

/** Something to measure. */
export interface Candidate {
  readonly name: string
  /** How many people take turns; each has a conversation of their own. */
  readonly users: number
  /** How many turns are in flight at once. */
  readonly inFlight: number
  readonly turn: Turn
}

/** What a candidate did: one round, or the median of several. */
export interface Sample {
  /** Processor time of this process, user and system, in microseconds a turn. */
  readonly cpuMicros: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly turnsPerSecond: number
}

/** How long to measure. */
export interface Plan {
  readonly rounds: number
  /** Turns of a candidate in one round. */
  readonly turns: number
  /** Turns of a candidate before the first round, not counted. */
  readonly warmUp: number
}

/** The value below which `share` of the numbers lie (nearest rank). */
export const quantile = (numbers: ReadonlyArray<number>, share: number): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN
}

/** The middle of the numbers; of an even count, the mean of the two in the middle. */
export const median = (numbers: ReadonlyArray<number>): number => {
  const sorted = numbers.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (lower + upper) / 2
}

/** Figure by figure, the median of several samples. */
export const medianSample = (samples: ReadonlyArray<Sample>): Sample => ({
  cpuMicros: median(samples.map((sample) => sample.cpuMicros)),
  p50Ms: median(samples.map((sample) => sample.p50Ms)),
  p95Ms: median(samples.map((sample) => sample.p95Ms)),
  turnsPerSecond: median(samples.map((sample) => sample.turnsPerSecond))
})

/**
 * How many times the cost of `floor` the cost of `samples` is: the median of the ratios of each
 * round. A round's two halves ran side by side, so a machine that drifts moves both.
 */
export const ratio = (
  samples: ReadonlyArray<Sample>,
  floor: ReadonlyArray<Sample>,
  figure: (sample: Sample) => number
): number =>
  median(
    samples.flatMap((sample, round) => {
      const beside = floor[round]
      return beside === undefined ? [] : [figure(sample) / figure(beside)]
    })
  )

/** Takes `turns` turns, starting at number `from`, and returns how long each took. */
const takeTurns = async (
  { users, inFlight, turn }: Candidate,
  from: number,
  turns: number
): Promise<ReadonlyArray<number>> => {
  const times: Array<number> = []
  // Worker w serves users w, w + inFlight, ...: so no user has two turns at once.
  const work = async (worker: number): Promise<void> => {
    const own = Math.ceil((users - worker) / inFlight)
    for (let count = worker; count < turns; count += inFlight) {
      const number = from + count
      const user = worker + inFlight * (Math.floor(number / inFlight) % own)
      const started = performance.now()
      await turn(user, number)
      times.push(performance.now() - started)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, (_, worker) => work(worker)))
  return times
}

const sampleOf = async (candidate: Candidate, from: number, turns: number): Promise<Sample> => {
  // Garbage and callbacks of the one before must not be paid by this one.
  await nextTick()
  globalThis.gc?.()
  const cpu = process.cpuUsage()
  const started = performance.now()
  const times = await takeTurns(candidate, from, turns)
  const seconds = (performance.now() - started) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  return {
    cpuMicros: (user + system) / turns,
    p50Ms: quantile(times, 0.5),
    p95Ms: quantile(times, 0.95),
    turnsPerSecond: turns / seconds
  }
}

const validate = ({ name, users, inFlight }: Candidate): void => {
  if (inFlight < 1 || users < inFlight) {
    throw new Error(
      `${name}: ${inFlight} turns in flight need at least as many users, not ${users}.`
    )
  }
}

/**
 * Measures the candidates in rounds, A B A B and every second round B A B A, so that neither a
 * drifting machine nor a place in the order favours one. Returns each candidate's samples, one a
 * round, by name. `progress` is told what comes next.
 */
export const measure = async (
  candidates: ReadonlyArray<Candidate>,
  { rounds, turns, warmUp }: Plan,
  progress: (text: string) => void = () => undefined
): Promise<ReadonlyMap<string, ReadonlyArray<Sample>>> => {
  candidates.forEach(validate)
  const samples = new Map<string, Array<Sample>>(candidates.map(({ name }) => [name, []]))
  for (const candidate of candidates) {
    progress(`${candidate.name}: warming up`)
    await takeTurns(candidate, 0, warmUp)
  }
  for (let round = 0; round < rounds; round++) {
    if (candidates.length > 0) progress(`round ${round + 1} of ${rounds}`)
    for (const candidate of round % 2 === 0 ? candidates : candidates.toReversed()) {
      const sample = await sampleOf(candidate, warmUp + round * turns, turns)
      samples.get(candidate.name)?.push(sample)
    }
  }
  return samples
}
