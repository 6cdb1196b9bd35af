/**
 * Somebody who may ask all that may be asked, and does: keeps every number, knows which groups are parts of which by what was
 * asked, and adds and subtracts until a group of a few visitors is left.
 */
import { addDays } from './oracle-language.ts';
import { mondayOf, type ReportedRow, type Simple } from './report-model.ts';

/** A number that was told, and of whom. */
interface LearnedValue {
  readonly value: number;
  /** What all of them have in common. */
  readonly conditions: readonly string[];
  readonly from: string;
  readonly to: string;
  /** Which query and row told it, for a message. */
  readonly source: string;
}

export interface SmallGroup {
  readonly visitors: number;
  readonly how: string;
}

/** All that is learned from an answer. Conditions are of the visits or events; a time is a range or, of hours, a condition. */
export function learn(
  { dimension, time, filters, range }: Simple,
  rows: readonly ReportedRow[],
): LearnedValue[] {
  return rows.map(({ dimensions, counts }) => {
    const values = [...dimensions];
    const label = time === null ? null : (values.shift() ?? '');
    const [from, to] = label === null ? range : daysOf(time, label, range);
    const conditions = new Set(filters.map(([, name, [value]]) => `${name}=${value}`));
    if (dimension !== null) conditions.add(`${dimension}=${values[0]}`);
    if (time === 'time:hour') conditions.add(`hour=${label}`);
    return {
      value: counts[0] ?? 0,
      conditions: [...conditions].toSorted(),
      from,
      to,
      source: `${JSON.stringify({ dimension, time, filters, range })} ${JSON.stringify(dimensions)}: ${counts[0]}`,
    };
  });
}

function daysOf(time: string | null, label: string, [from, to]: Simple['range']): readonly [string, string] {
  const day = label.slice(0, 10);
  if (time !== 'time:week') return [day, day];
  const end = addDays(mondayOf(day), 6);
  return [day > from ? day : from, end < to ? end : to];
}

/**
 * A group of 1 to `least - 1` visitors, if two or three numbers tell of one: what a whole has more than a part, than two
 * parts, or two parts more than their whole.
 */
export function findSmallGroup(learned: readonly LearnedValue[], least: number): SmallGroup | null {
  const groups = new Map<string, LearnedValue[]>();
  // Of several numbers of the same group one will do, unless they differ.
  for (const one of new Map(learned.map((it) => [`${keyOf(it)} ${it.value}`, it])).values()) {
    const key = one.conditions.join('&');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const isSmall = (count: number): boolean => count > 0 && count < least;
  const smallGroup = (visitors: number, ...of: readonly LearnedValue[]): SmallGroup => ({
    visitors,
    how: of.map(({ source }) => source).join('\n'),
  });
  for (const of of groups.values()) {
    for (const one of of) {
      if (isSmall(one.value)) return smallGroup(one.value, one);
    }
  }
  for (const [key, totals] of groups) {
    for (const total of totals) {
      // Parts by one more condition in the same days, and by days under the same conditions.
      const byDays = totals.filter((it) => it !== total && isWithin(it, total));
      const byCondition = [...groups].flatMap(([other, parts]) =>
        other !== key && hasOneMore(parts[0], total) ? parts.filter((it) => isWithin(it, total)) : [],
      );
      for (const part of [...byDays, ...byCondition]) {
        if (isSmall(total.value - part.value)) return smallGroup(total.value - part.value, total, part);
      }
      for (const parts of [
        byDays,
        byCondition.filter(({ from, to }) => from === total.from && to === total.to),
      ]) {
        for (const [index, one] of parts.entries()) {
          for (const other of parts.slice(index + 1)) {
            const rest = total.value - one.value - other.value;
            if (isSmall(rest) || isSmall(-rest)) return smallGroup(Math.abs(rest), total, one, other);
          }
        }
      }
    }
  }
  return null;
}

const keyOf = ({ conditions, from, to }: LearnedValue): string => `${conditions.join('&')} ${from} ${to}`;

const isWithin = (part: LearnedValue, total: LearnedValue): boolean =>
  part.from >= total.from && part.to <= total.to;

function hasOneMore(part: LearnedValue | undefined, total: LearnedValue): boolean {
  return (
    part !== undefined &&
    part.conditions.length === total.conditions.length + 1 &&
    total.conditions.every((condition) => part.conditions.includes(condition))
  );
}
