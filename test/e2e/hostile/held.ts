/**
 * For how long the Worker's isolate is held: the longest time that its JavaScript ran without a pause, as V8's profiler samples it.
 * How long requests take does not tell that. Here the database runs in the Worker's process and on its thread, and the clients
 * on the same cores.
 *
 * A sample is taken only while the isolate runs, and an isolate that waits for the database has none. So samples that follow one
 * another closely are one stretch, which ends with a gap or where the database runs. A stretch lasts as many milliseconds as it has
 * samples, and not from the first to the last: time in which other processes had the core is not the Worker's. Tasks that happen to
 * follow one another at once count as one stretch, so a stretch may be longer than any task, and never shorter.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { basename, join } from 'node:path';
import { Inspector } from '../../../bench/lib/inspector.ts';
import type { Span } from './client.ts';

/** The part of a profile that is read here. Times are in microseconds of a clock that all isolates share. */
interface Profile {
  readonly startTime: number;
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
    readonly children?: readonly number[];
  }[];
  readonly samples: readonly number[];
  /** From each sample's predecessor, or from the start. */
  readonly timeDeltas: readonly number[];
}

/** A time in which one isolate ran without a pause. */
export interface Stretch {
  readonly milliseconds: number;
  /** From its first sample to its last, in microseconds of the runtime's clock. */
  readonly startsAt: number;
  readonly endsAt: number;
  /** What ran, the longest first, with its milliseconds. */
  readonly ran: string;
}

/** What was recorded in a while. */
export interface Recorded {
  /** The longest stretches of the Worker's isolate and of the database's, the longest first. */
  readonly worker: readonly Stretch[];
  readonly database: readonly Stretch[];
  /** Milliseconds in all that either ran. */
  readonly busy: { readonly worker: number; readonly database: number };
  /**
   * Milliseconds that a request which may come at any moment waits for the Worker's isolate on average: half a stretch if it comes
   * within one, and nothing else.
   */
  readonly wait: number;
  /** How long a span lasted without the time in which the database ran: in production that is another machine. */
  without(span: Span): number;
}

/** Microseconds between samples. */
const INTERVAL = 1000;
/** A pause, in microseconds. A shorter one may be another process's turn on the core. */
const PAUSE = 10_000;
/** Profiles are read every so often: they grow by each sample. */
const LASTS_MS = 5000;
/** What V8 calls the time in which the isolate is entered, but does not run. */
const IDLE = new Set(['(program)', '(idle)', '(root)']);

const WORKER = 'core:user:speck';
const DATABASE = 'd1:db';

/** Records stretches of the Worker's isolate and of the database's until it is stopped. */
export class Recorder {
  readonly #isolates: readonly Inspector[];
  readonly #maps: ReadonlyMap<string, SourceMap>;
  /** All of them, in order. */
  readonly #worker: Stretch[] = [];
  readonly #database: Stretch[] = [];
  readonly #startedAt = Date.now();
  #isStopped = false;
  #running: Promise<void> = Promise.resolve();

  /** @param folder where the built Worker's modules and their source maps are. */
  static async start(inspector: URL | undefined, folder: string): Promise<Recorder> {
    if (!inspector) throw new Error('the runtime has no inspector');
    const isolates = await Promise.all([WORKER, DATABASE].map((name) => Inspector.open(inspector, name)));
    const recorder = new Recorder(isolates, sourceMaps(folder));
    await recorder.#each('Profiler.enable');
    await recorder.#each('Profiler.setSamplingInterval', { interval: INTERVAL });
    await recorder.#each('Profiler.start');
    recorder.#running = recorder.#run();
    return recorder;
  }

  private constructor(isolates: readonly Inspector[], maps: ReadonlyMap<string, SourceMap>) {
    this.#isolates = isolates;
    this.#maps = maps;
  }

  async stop(): Promise<Recorded> {
    this.#isStopped = true;
    await this.#running;
    for (const isolate of this.#isolates) isolate.close();
    const squares = this.#worker.reduce((all, { milliseconds }) => all + milliseconds ** 2, 0);
    return {
      wait: squares / 2 / (Date.now() - this.#startedAt),
      worker: longest(this.#worker),
      database: longest(this.#database),
      busy: { worker: sum(this.#worker), database: sum(this.#database) },
      without: ({ from, to }) => to - from - this.#databaseRan(from * 1000, to * 1000) / 1000,
    };
  }

  /** For how long the database ran between two moments, in microseconds. */
  #databaseRan(from: number, to: number): number {
    let ran = 0;
    for (let index = firstEndingAfter(this.#database, from); index < this.#database.length; index++) {
      const { startsAt, endsAt } = this.#database[index] as Stretch;
      if (startsAt >= to) break;
      ran += Math.min(endsAt, to) - Math.max(startsAt, from);
    }
    return ran;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      const until = Date.now() + LASTS_MS;
      while (!this.#isStopped && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 50));
      const [worker, database] = await this.#each<{ readonly profile: Profile }>('Profiler.stop');
      if (!this.#isStopped) await this.#each('Profiler.start');
      if (!worker || !database) throw new Error('a profile is missing');
      this.#worker.push(...this.#stretches(worker.profile, database.profile, (node) => this.#nameOf(node)));
      this.#database.push(...this.#stretches(database.profile, worker.profile));
    }
  }

  #each<Result>(method: string, parameters = {}): Promise<Result[]> {
    return Promise.all(this.#isolates.map((isolate) => isolate.call<Result>(method, parameters)));
  }

  #stretches(
    profile: Profile,
    other: Profile,
    nameOf = ({ callFrame }: Profile['nodes'][number]) => callFrame.functionName,
  ): Stretch[] {
    const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));
    const samples = busySamples(profile);
    const interruptions = busySamples(other).map(({ at }) => at);
    const stretches: Stretch[] = [];
    let next = 0;
    let open: { at: number; node: number }[] = [];
    const end = (): void => {
      const [first, last] = [open[0], open.at(-1)];
      if (!first || !last) return;
      const milliseconds = (open.length * INTERVAL) / 1000;
      stretches.push({
        milliseconds,
        startsAt: first.at - INTERVAL,
        endsAt: last.at,
        ran: ranIn(open, names),
      });
      open = [];
    };
    for (const sample of samples) {
      const isInterrupted = (interruptions[next] ?? Number.POSITIVE_INFINITY) < sample.at;
      while ((interruptions[next] ?? Number.POSITIVE_INFINITY) < sample.at) next++;
      if (isInterrupted || sample.at - (open.at(-1)?.at ?? 0) > PAUSE) end();
      open.push(sample);
    }
    end();
    return stretches;
  }

  /** A function's name and place in the source, as far as the source map tells. */
  #nameOf({ callFrame }: Profile['nodes'][number]): string {
    const { functionName, lineNumber, columnNumber, url } = callFrame;
    const entry = this.#maps.get(basename(url))?.findEntry(lineNumber, columnNumber);
    if (!entry || !('originalSource' in entry) || lineNumber < 0) return functionName;
    const file = entry.originalSource.split('/').slice(-2).join('/');
    return `${functionName} (${file}:${entry.originalLine + 1})`;
  }
}

/** The source maps of the modules in a folder, by the modules' names. */
function sourceMaps(folder: string): ReadonlyMap<string, SourceMap> {
  const files = readdirSync(folder).filter((file) => file.endsWith('.map'));
  return new Map(
    files.map((file) => [
      basename(file, '.map'),
      new SourceMap(JSON.parse(readFileSync(join(folder, file), 'utf8'))),
    ]),
  );
}

/** What ran in a long stretch, for who reads of it. */
function ranIn(samples: readonly { readonly node: number }[], names: ReadonlyMap<number, string>): string {
  if (samples.length * INTERVAL < PAUSE) return '';
  const counts = new Map<string, number>();
  for (const { node } of samples)
    counts.set(names.get(node) ?? '', (counts.get(names.get(node) ?? '') ?? 0) + 1);
  return [...counts]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}

function busySamples({ nodes, samples, timeDeltas, startTime }: Profile): { at: number; node: number }[] {
  const idle = new Set(nodes.filter(({ callFrame }) => IDLE.has(callFrame.functionName)).map(({ id }) => id));
  let at = startTime;
  return samples.flatMap((node, index) => {
    at += timeDeltas[index] ?? 0;
    return idle.has(node) ? [] : [{ at, node }];
  });
}

const longest = (stretches: readonly Stretch[]): Stretch[] =>
  stretches.toSorted((a, b) => b.milliseconds - a.milliseconds).slice(0, 5);

/** The index of the first stretch that ends after a moment. */
function firstEndingAfter(stretches: readonly Stretch[], moment: number): number {
  let [low, high] = [0, stretches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((stretches[middle] as Stretch).endsAt > moment) high = middle;
    else low = middle + 1;
  }
  return low;
}

const sum = (stretches: readonly Stretch[]): number =>
  stretches.reduce((all, { milliseconds }) => all + milliseconds, 0);
