/** Stores destinations. The secret of one is sealed, and read only to send. */
import { type Destination, MAX_DESTINATIONS } from '../model/destination.ts';
import { seal, unseal } from '../model/sealed.ts';
import type { Secrets } from '../model/secret-key.ts';
import { forgetPixel, hasPixel } from './pixels.ts';

interface DestinationRow
  extends Omit<Destination, 'settings' | 'rules' | 'problem'>,
    Readonly<Record<'settings' | 'rules', string>> {
  readonly problem: string | null;
}

const COLUMNS = [
  'id',
  'pixel',
  'network',
  'name',
  'account',
  'settings',
  'rules',
  'mode',
  'test_code',
  'state',
  'secret_at',
  'problem',
  'created_at',
  'updated_at',
] as const satisfies readonly (keyof DestinationRow)[];

const SELECT = `SELECT ${COLUMNS.join(', ')}`;

function destinationOf({ settings, rules, problem, ...row }: DestinationRow): Destination {
  return {
    ...row,
    settings: JSON.parse(settings) as Destination['settings'],
    rules: JSON.parse(rules) as Destination['rules'],
    problem: problem === null ? null : (JSON.parse(problem) as Destination['problem']),
  };
}

export function sealSecret(secret: string, destination: string, text: string): Promise<string> {
  return seal(secret, 'destination secrets', destination, text);
}

/** @returns false if the pixel has the maximum number of destinations, or one of the same network and account, or does not exist. */
export async function insertDestination(
  db: D1Database,
  destination: Destination,
  sealedSecret: string,
): Promise<boolean> {
  const { settings, rules, problem, ...row } = destination;
  const values: DestinationRow = {
    ...row,
    settings: JSON.stringify(settings),
    rules: JSON.stringify(rules),
    problem: problem && JSON.stringify(problem),
  };
  const { meta } = await db
    .prepare(
      `INSERT INTO destinations (${COLUMNS.join(', ')}, secret) SELECT ${COLUMNS.map(() => '?').join(', ')}, ?
       WHERE ${hasPixel('?')} AND (SELECT count(*) FROM destinations WHERE pixel = ?) < ${MAX_DESTINATIONS}
         AND NOT EXISTS (SELECT 1 FROM destinations WHERE pixel = ? AND network = ? AND account = ?)`,
    )
    .bind(
      ...COLUMNS.map((column) => values[column]),
      sealedSecret,
      ...[destination.pixel, destination.pixel, destination.pixel],
      ...[destination.network, destination.account],
    )
    .run();
  forgetPixel(destination.pixel);
  return meta.changes > 0;
}

/** The destinations of a pixel, the oldest first. */
export async function listDestinations(db: D1Database, pixel: string): Promise<Destination[]> {
  const { results } = await db
    .prepare(`${SELECT} FROM destinations WHERE pixel = ? ORDER BY created_at, id`)
    .bind(pixel)
    .all<DestinationRow>();
  return results.map(destinationOf);
}

export async function getDestination(db: D1Database, pixel: string, id: string): Promise<Destination | null> {
  const row = await db
    .prepare(`${SELECT} FROM destinations WHERE pixel = ? AND id = ?`)
    .bind(pixel, id)
    .first<DestinationRow>();
  return row && destinationOf(row);
}

/** A destination with its secret, and the state of its troubles. */
export interface OpenDestination {
  readonly destination: Destination;
  /** Null if no secret of the Worker opens it. */
  readonly secret: string | null;
  readonly failures: number;
  readonly retryAt: number;
}

/** @throws what D1 throws. */
export async function openDestination(
  db: D1Database,
  secrets: Secrets,
  id: string,
): Promise<OpenDestination | null> {
  const row = await db
    .prepare(`${SELECT}, secret, failures, retry_at FROM destinations WHERE id = ?`)
    .bind(id)
    .first<DestinationRow & { secret: string; failures: number; retry_at: number }>();
  if (row === null) return null;
  const { secret, failures, retry_at, ...rest } = row;
  return {
    destination: destinationOf(rest),
    secret: await unseal(secrets, 'destination secrets', id, secret),
    failures,
    retryAt: retry_at,
  };
}

/** How many destinations there are in each state, and the first that have stopped. */
export interface DestinationStates {
  readonly on: number;
  readonly off: number;
  readonly stopped: number;
  readonly oldest: readonly Destination[];
}

/** Stopped destinations that are named. */
const MAX_STOPPED = 20;

/** The states of all destinations. Those that stopped first are named. */
export async function readDestinationStates(db: D1Database): Promise<DestinationStates> {
  const [counts, stopped] = await db.batch([
    db.prepare('SELECT state, count(*) AS count FROM destinations GROUP BY state'),
    db.prepare(
      `${SELECT} FROM destinations WHERE state = 'stopped' ORDER BY problem ->> 'at', id LIMIT ${MAX_STOPPED}`,
    ),
  ]);
  const byState = new Map(
    ((counts?.results ?? []) as { readonly state: string; readonly count: number }[]).map((row) => [
      row.state,
      row.count,
    ]),
  );
  return {
    on: byState.get('on') ?? 0,
    off: byState.get('off') ?? 0,
    stopped: byState.get('stopped') ?? 0,
    oldest: ((stopped?.results ?? []) as DestinationRow[]).map(destinationOf),
  };
}
