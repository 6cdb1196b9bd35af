/**
 * Plays Analytics Engine's store in a ClickHouse: a table of the platform's columns for each dataset, and its sampling. The platform samples
 * each index by itself, when it is written to too fast and when a question reads too much. Each point is kept with the same chance 1/k,
 * whatever the others do, and a kept point says so: its `_sample_interval` is k, which may differ between indexes and within a day.
 */
import { CHDB, type Chdb, type Session } from '../../scripts/lib/clickhouse.ts';
import { loadPackage } from '../../scripts/lib/own-packages.ts';
import { Random } from '../../scripts/lib/random.ts';

/** As `writeDataPoint` takes it. */
export interface DataPoint {
  readonly indexes?: readonly string[];
  readonly blobs?: readonly string[];
  readonly doubles?: readonly number[];
}
export interface WrittenPoint {
  readonly point: DataPoint;
  /** When it is written, in epoch milliseconds: the platform keeps seconds. */
  readonly at: number;
}

export interface Sampling {
  /** How many written points one kept point stands for: 1 keeps all. */
  intervalOf(written: WrittenPoint): number;
  readonly seed: number;
}
export const UNSAMPLED: Sampling = { intervalOf: () => 1, seed: 1 };
export const sampledAt = (interval: number, seed = 1): Sampling => ({ intervalOf: () => interval, seed });

const BLOBS = Array.from({ length: 20 }, (_, index) => `blob${index + 1}`);
const DOUBLES = Array.from({ length: 20 }, (_, index) => `double${index + 1}`);
/** An index has up to 96 bytes, all blobs together 16 KiB: the platform drops a point that has more. */
const MAX_INDEX_BYTES = 96;
const MAX_BLOB_BYTES = 16 * 1024;
const ROWS_AT_ONCE = 20_000;

export class Engine {
  readonly #session: Session;
  readonly #datasets = new Set<string>();

  /** A process can have one engine at a time. */
  constructor() {
    this.#session = new (loadPackage<Chdb>(CHDB).Session)();
    // As the platform answers: times in UTC, and whole numbers of 64 bits as texts.
    this.#session.query("SET session_timezone = 'UTC', output_format_json_quote_64bit_integers = 1");
  }

  /** Writes points as the platform keeps them. The dataset comes into being with its first point. */
  async write(
    dataset: string,
    written: Iterable<WrittenPoint>,
    sampling: Sampling = UNSAMPLED,
  ): Promise<{ readonly kept: number }> {
    this.#create(dataset);
    const random = new Random(sampling.seed);
    let rows: string[] = [];
    let kept = 0;
    const flush = async (): Promise<void> => {
      if (rows.length === 0) return;
      const values = Buffer.from(rows.join('\n'));
      await this.#session.insert({ table: tableOf(dataset), values, format: 'JSONCompactEachRow' });
      rows = [];
    };
    for (const one of written) {
      const interval = sampling.intervalOf(one);
      if (interval > 1 && !random.chance(1 / interval)) continue;
      rows.push(rowOf(dataset, one, interval));
      kept += 1;
      if (rows.length >= ROWS_AT_ONCE) await flush();
    }
    await flush();
    return { kept };
  }

  has(dataset: string): boolean {
    return this.#datasets.has(dataset);
  }

  datasets(): string[] {
    return [...this.#datasets].sort();
  }

  /** Runs a statement in which a dataset is named by `tableOf`, and gives the text of the answer. */
  async run(sql: string, format = 'JSON'): Promise<string> {
    return (await this.#session.queryAsync(sql, { format })).text();
  }

  close(): void {
    this.#session.close();
  }

  #create(dataset: string): void {
    if (this.#datasets.has(dataset)) return;
    const columns = [
      'dataset LowCardinality(String)',
      'timestamp DateTime',
      'index1 String',
      ...BLOBS.map((name) => `${name} String`),
      ...DOUBLES.map((name) => `${name} Float64`),
      '_sample_interval UInt32',
    ];
    this.#session.query(
      `CREATE TABLE ${tableOf(dataset)} (${columns.join(', ')}) ENGINE = MergeTree ORDER BY (index1, timestamp)`,
    );
    this.#datasets.add(dataset);
  }
}

export function tableOf(dataset: string): string {
  if (!/^\w+$/.test(dataset)) throw new Error(`a name that is no dataset's: ${dataset}`);
  return dataset;
}

/** @throws Error at what the platform would drop or refuse. */
function rowOf(dataset: string, { point, at }: WrittenPoint, interval: number): string {
  const { indexes = [], blobs = [], doubles = [] } = point;
  const index = indexes[0] ?? '';
  if (indexes.length > 1 || blobs.length > 20 || doubles.length > 20) {
    throw new Error('a point has 1 index, 20 blobs and 20 doubles at most');
  }
  if (Buffer.byteLength(index) > MAX_INDEX_BYTES) throw new Error(`an index of more than 96 bytes: ${index}`);
  if (blobs.reduce((sum, blob) => sum + Buffer.byteLength(blob), 0) > MAX_BLOB_BYTES) {
    throw new Error('blobs of more than 16 KiB');
  }
  return JSON.stringify([
    dataset,
    Math.floor(at / 1000),
    index,
    ...BLOBS.map((_, place) => blobs[place] ?? ''),
    ...DOUBLES.map((_, place) => doubles[place] ?? 0),
    interval,
  ]);
}
