/**
 * Measures contenders in turn, in one process: each round runs a batch of every one of them, in another order each time.
 *
 * What is compared are differences and ratios inside of a round, so what the machine does besides hits both sides alike.
 */
import { existsSync, readFileSync } from "node:fs"
import * as Progress from "./progress.ts"

export interface Contender {
  readonly name: string
  /** Does `count` operations. */
  readonly run: (count: number) => Promise<void>
}

export interface Options {
  /** How many batches of each contender are kept. */
  readonly rounds: number
  /** How long a batch takes, in milliseconds of wall clock. */
  readonly batch: number
}

/** As `npm run bench` does it: many short batches, so that what the machine does besides hits all contenders alike. */
export const full: Options = { rounds: 101, batch: 8 }

/** What a run is of a full one, at most all of it: the sections that have no rounds of their own do as much of theirs. */
export const partOf = ({ rounds }: Options): number => Math.min(1, rounds / full.rounds)

/** What one operation took in one round, in microseconds. */
export interface Sample {
  readonly main: number
  readonly wall: number
}

export type Samples = ReadonlyMap<string, ReadonlyArray<Sample>>

// ----------------------------------------------------------------------------
// clocks
// ----------------------------------------------------------------------------

const schedstat = "/proc/thread-self/schedstat"

/** What `main` is: time of the main thread on a CPU where the system tells it, wall clock elsewhere. */
export const clock: "main-thread CPU" | "wall clock" =
  existsSync(schedstat) ? "main-thread CPU" : "wall clock"

const cell = new Int32Array(new SharedArrayBuffer(4))

/** In nanoseconds. The system adds up a thread's time when the thread is switched out, so it is made to wait first. */
const mainThread = (): number => {
  if (clock === "wall clock") return performance.now() * 1e6
  Atomics.wait(cell, 0, 0, 0.01)
  return Number(readFileSync(schedstat, "latin1").split(" ", 1)[0])
}

const timed = async (contender: Contender, count: number): Promise<Sample> => {
  globalThis.gc?.({ type: "minor" })
  const main = mainThread()
  const wall = performance.now()
  await contender.run(count)
  const wallAfter = performance.now()
  const mainAfter = mainThread()
  return { main: (mainAfter - main) / 1e3 / count, wall: ((wallAfter - wall) * 1e3) / count }
}

// ----------------------------------------------------------------------------
// rounds
// ----------------------------------------------------------------------------

/** How long each contender runs before anything is kept, in milliseconds: meanwhile the engine compiles what is hot. */
const warmUp = 300

export interface Measured {
  /** What is measured, as the progress says it. */
  readonly of: string
  /**
   * All contenders do as much in a batch as the dearest of them has time for, so that what a batch costs besides (starting
   * it, reading the clocks) is gone from their differences. Elsewhere each does what it has time for.
   */
  readonly alike: boolean
  /** How many are in flight at one time: a batch is as many for each; 1 by default. */
  readonly inFlight?: number
  /** Whether the rounds tell enough. While they do not there are more, up to four times as many. */
  readonly isEnough?: (samples: Samples) => boolean
}

const mostRounds = 4

/** Runs all contenders in turn. The names have to differ. */
export const measure = async (
  { alike, inFlight = 1, isEnough = () => true, of }: Measured,
  contenders: ReadonlyArray<Contender>,
  { batch, rounds }: Options
): Promise<Samples> => {
  const samples = new Map(contenders.map(({ name }) => [name, new Array<Sample>()]))
  const counts = await warm(contenders, batch)
  const least = Math.min(...counts.values())
  for (let times = 0; times === 0 || (times < mostRounds && !isEnough(samples)); times++) {
    const progress = Progress.counter(
      `${of}, ${contenders.length} contenders, ${times === 0 ? "" : "more "}rounds`,
      rounds
    )
    for (let round = 0; round < rounds; round++) {
      for (const contender of shuffled(contenders)) {
        const wanted = alike ? least : (counts.get(contender) ?? least)
        const count = Math.ceil(wanted / inFlight) * inFlight
        samples.get(contender.name)?.push(await timed(contender, count))
      }
      progress(round + 1)
    }
  }
  return samples
}

/** How many operations make a batch of each, told when all are warm: before that they are many times slower. */
const warm = async (
  contenders: ReadonlyArray<Contender>,
  batch: number
): Promise<ReadonlyMap<Contender, number>> => {
  const counts = new Map(contenders.map((contender) => [contender, 16]))
  const spent = new Map(contenders.map((contender) => [contender, 0]))
  for (let isCold = true; isCold;) {
    isCold = false
    for (const contender of shuffled(contenders)) {
      const count = counts.get(contender) ?? 16
      const took = ((await timed(contender, count)).wall * count) / 1e3
      const so = (spent.get(contender) ?? 0) + took
      spent.set(contender, so)
      const next = (count * batch) / Math.max(took, batch / 4)
      counts.set(contender, Math.max(1, Math.round(next)))
      isCold ||= so < warmUp
    }
  }
  return counts
}

let seed = 1

/** The same orders in every run. */
export const shuffled = <A>(items: ReadonlyArray<A>): ReadonlyArray<A> => {
  const keyed = items.map((item) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0
    return { item, key: seed >>> 8 }
  })
  return keyed.sort((left, right) => left.key - right.key).map(({ item }) => item)
}

// ----------------------------------------------------------------------------
// statistics
// ----------------------------------------------------------------------------

export interface Estimate {
  readonly median: number
  readonly p25: number
  readonly p75: number
  /** The standard error of the median, from the median absolute deviation. */
  readonly error: number
}

export const estimate = (values: ReadonlyArray<number>): Estimate => {
  const sorted = [...values].sort((left, right) => left - right)
  const median = quantile(sorted, 0.5)
  const deviations = sorted
    .map((value) => Math.abs(value - median))
    .sort((left, right) => left - right)
  return {
    median,
    p25: quantile(sorted, 0.25),
    p75: quantile(sorted, 0.75),
    error: (1.2533 * 1.4826 * quantile(deviations, 0.5)) / Math.sqrt(Math.max(1, sorted.length))
  }
}

const quantile = (sorted: ReadonlyArray<number>, at: number): number => {
  const position = (sorted.length - 1) * at
  const low = sorted[Math.floor(position)] ?? Number.NaN
  const high = sorted[Math.ceil(position)] ?? Number.NaN
  return low + (high - low) * (position - Math.floor(position))
}

export type Clock = "main" | "wall"

/** Each round's value of a contender. */
export const valuesOf = (
  samples: Samples,
  name: string,
  measured: Clock = "main"
): ReadonlyArray<number> => {
  const of = samples.get(name)
  if (of === undefined) throw new Error(`${name} was not measured`)
  return of.map((sample) => sample[measured])
}

/** What becomes of the values of two contenders, paired by round. */
const paired =
  (combine: (value: number, base: number) => number) =>
  (samples: Samples, name: string, base: string, measured: Clock = "main"): Estimate => {
    const bases = valuesOf(samples, base, measured)
    return estimate(
      valuesOf(samples, name, measured).map((value, round) =>
        combine(value, bases[round] ?? Number.NaN)
      )
    )
  }

/** By how much one contender costs more than another. */
export const difference = paired((value, base) => value - base)

/** How many times as much one contender costs as another. */
export const ratio = paired((value, base) => value / base)

/** Below this a difference is not told apart from none: what a contender differs by from itself. */
export const resolution = (
  samples: Samples,
  first: string,
  second: string,
  measured: Clock = "main"
): number => {
  const { error, median } = difference(samples, first, second, measured)
  return Math.abs(median) + 2 * error
}

/** The same as {@link resolution}, as a part of the whole. */
export const relativeResolution = (
  samples: Samples,
  first: string,
  second: string,
  measured: Clock = "main"
): number => {
  const { error, median } = ratio(samples, first, second, measured)
  return Math.abs(median - 1) + 2 * error
}

/** What a run says of itself: which of its measurements were too noisy to tell much. */
export const noise = (
  of: string,
  samples: Samples,
  first: string,
  second: string
): string | undefined => {
  const relative = relativeResolution(samples, first, second)
  return relative < 0.1 ? undefined : (
      `Too noisy: ${of} differs from itself by ${Math.round(relative * 100)} %; run it again when the machine is quiet.`
    )
}
