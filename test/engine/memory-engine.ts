/** Analytics Engine in memory, for tests: it evaluates statements about points. ClickHouse runs the same statements in test/clickhouse. */
import { expect } from 'vitest';
import {
  type Aggregate,
  type Condition,
  type Expression,
  type Statement,
  textOf,
} from '../../src/engine/dialect.ts';
import { mistakesIn } from '../../src/engine/grammar.ts';
import { KIND, pointOf } from '../../src/engine/point.ts';
import type { EngineReader } from '../../src/engine/reader.ts';
import type { EngineRow } from '../../src/engine/row.ts';
import type { Event } from '../../src/model/event.ts';
import { rowOfPoint } from './rows.ts';

export interface MemoryEngine {
  readonly reader: EngineReader;
  /** The statements that were asked, in order. */
  readonly asked: Statement[];
  readonly rows: EngineRow[];
  /** Writes the point of an event, at the event's time. `interval`: how many points it stands for. */
  write(event: Event, interval?: number): void;
  /** Called before each statement is answered. It may throw, and may write. */
  before: (statement: Statement) => void;
}

/** The row of an event's point. */
export const rowOf = (event: Event, kind: number = KIND.event, interval = 1): EngineRow =>
  rowOfPoint(
    pointOf(event, kind) as AnalyticsEngineDataPoint,
    new Date(event.ts).toISOString().slice(0, 19).replace('T', ' '),
    interval,
  );

export function memoryEngine(rows: EngineRow[] = []): MemoryEngine {
  const asked: Statement[] = [];
  const engine: MemoryEngine = {
    rows,
    asked,
    before: () => {},
    write: (event, interval = 1) => void rows.push(rowOf(event, KIND.event, interval)),
    reader: {
      async rows(statement) {
        asked.push(statement);
        for (const dialect of ['http', 'binding'] as const) {
          expect(mistakesIn(textOf(statement, dialect, 'd'), dialect)).toEqual([]);
        }
        engine.before(statement);
        return answer(rows, statement);
      },
    },
  };
  return engine;
}

type Value = string | number;

function answer(rows: readonly EngineRow[], statement: Statement): EngineRow[] {
  const { select, since, until = Number.POSITIVE_INFINITY, where, groupBy, orderBy = [], limit } = statement;
  const found = rows.filter((row) => {
    const written = writtenOf(row) * 1000;
    const isInTime = written >= Math.floor(since / 1000) * 1000 && written < Math.ceil(until / 1000) * 1000;
    return isInTime && where.every((one) => holds(row, one));
  });
  const keyOf = (row: EngineRow): string =>
    JSON.stringify(
      (groupBy ?? []).map((name) => {
        const one = select.find(({ as }) => as === name);
        return one && resultOf([row], one.value);
      }),
    );
  const isGrouped = groupBy !== undefined || select.some(({ value }) => isAggregate(value));
  const groups = isGrouped
    ? groupBy === undefined
      ? [found]
      : [...Map.groupBy(found, keyOf).values()]
    : found.map((row) => [row]);
  return groups
    .map((group) => Object.fromEntries(select.map(({ as, value }) => [as, resultOf(group, value)])))
    .toSorted((a, b) => {
      for (const { by, descending } of orderBy) {
        const [left, right] = [a[by] ?? '', b[by] ?? ''];
        if (left !== right) return left < right === !descending ? -1 : 1;
      }
      return 0;
    })
    .slice(0, limit);
}

const weightOf = (row: EngineRow): number => Number(row['_sample_interval'] ?? 1);
const writtenOf = (row: EngineRow): number =>
  Date.parse(`${String(row['timestamp']).replace(' ', 'T')}Z`) / 1000;

const isAggregate = (value: Expression | Aggregate): value is Aggregate =>
  'total' in value || 'most' in value || 'least' in value || 'distinct' in value;

function resultOf(group: readonly EngineRow[], value: Expression | Aggregate): Value {
  if (!isAggregate(value)) return evaluate(group[0] as EngineRow, value);
  if ('total' in value) {
    return group.reduce((sum, row) => sum + weightOf(row) * Number(evaluate(row, value.total)), 0);
  }
  if ('distinct' in value) return new Set(group.map((row) => evaluate(row, value.distinct))).size;
  const [of, sign] = 'most' in value ? [value.most, 1] : [value.least, -1];
  const values = group.map((row) => evaluate(row, of)).toSorted((a, b) => (a < b ? sign : -sign));
  return values[0] ?? 0;
}

function evaluate(row: EngineRow, value: Expression): Value {
  if ('column' in value) return row[value.column] ?? '';
  if ('value' in value) return value.value;
  if ('of' in value) return value.of === 'weight' ? weightOf(row) : writtenOf(row);
  if ('start' in value) return String(evaluate(row, value.start)).slice(0, value.characters);
  if ('floor' in value) return Math.floor(Number(evaluate(row, value.floor)));
  if ('if' in value) return evaluate(row, holds(row, value.if) ? value.yes : value.no);
  const [left, right] = [Number(evaluate(row, value.left)), Number(evaluate(row, value.right))];
  return { '+': left + right, '-': left - right, '*': left * right, '/': left / right }[value.op];
}

function holds(row: EngineRow, one: Condition): boolean {
  if ('and' in one) return one.and.every((part) => holds(row, part));
  if ('or' in one) return one.or.some((part) => holds(row, part));
  if ('in' in one) return one.in.includes(String(row[one.column]));
  const [left, right] = [evaluate(row, one.left), evaluate(row, one.right)];
  return {
    '=': left === right,
    '<>': left !== right,
    '<': left < right,
    '<=': left <= right,
    '>': left > right,
    '>=': left >= right,
  }[one.is];
}
