/**
 * Plans a question: which rows can answer it, and the SQL that asks them.
 *
 * Days whose rollup holds are read from rollups when the question needs no more than a rollup has: no filter, at most one
 * dimension beside the time, and nothing that is counted person by person. All else is computed from events by the SQL
 * that made the rollups.
 */
import {
  type ColumnDimension,
  DIMENSIONS,
  type Dimension,
  OTHER,
  PROPERTY_PREFIX,
  type TimeDimension,
} from '../model/dimensions.ts';
import type { Goal } from '../model/goal.ts';
import {
  METRICS,
  type Metric,
  PEOPLE_METRICS,
  SALE_COUNTS,
  VISIT_COUNTS,
  type Whole,
} from '../model/metrics.ts';
import { segments } from '../model/time-zone.ts';
import {
  GOALS,
  goalParameter,
  HOUR,
  hourLabel,
  numberedEvents,
  PART_COUNTS,
  PART_OF_VISIT,
  REACHES,
  STRETCHES,
  SUM_VISITS,
  stretchParameter,
  TOTAL,
  visitColumns,
  visits,
} from '../rollup/local-day.sql.ts';
import {
  attendance,
  PEOPLE_COUNTS,
  PERSON_COLUMNS,
  PERSON_OF_EVENT,
  personValue,
  seenInEvents,
  seenInRollups,
} from './people.ts';
import { type Filter, isGoalTest, type Moments, type Question, type Test } from './question.ts';
import { bucketOf, type DayRange, wholeMonths } from './range.ts';
import { differences, foldedRows, isProtected } from './small-groups.ts';
import { canUseRollups, HAS_ROLLUP, hasRollup, isOfPeople } from './sources.ts';

export interface Plan {
  readonly sql: string;
  /** The same question, asked for the number of its rows only. */
  readonly countSql: string;
  readonly parameters: readonly unknown[];
  /** Whether rollups may answer for days that have one. */
  readonly usesRollups: boolean;
}

/** What a plan is made for, beside the question. */
export interface Setting {
  readonly zone: string;
  /** The days asked for. */
  readonly range: DayRange;
  /** Those of them that may have events; null when none has. */
  readonly days: DayRange | null;
  /** Of a range that is not made of whole days. */
  readonly moments: Moments | null;
  readonly goals: readonly Goal[];
  /** The first day of which it is known who was there. */
  readonly peopleSince: string;
  /** The fewest visitors of a group that is told of; 0 for no bound. */
  readonly minGroup: number;
  /** The English names of countries by code, as JSON. */
  readonly countries: string;
  /** The rows that are wanted, by the values of their dimensions; null for all. */
  readonly rows: readonly (readonly string[])[] | null;
}

export function planQuestion(question: Question, setting: Setting): Plan {
  return new Planner(question, setting).plan();
}

/**
 * A query for all values that a dimension has in the days of a setting, for tests that SQL has no operator for, and of a pixel
 * that protects small groups for all tests: then with `visitors`, so that small ones can be left out. Parameters are those of
 * a plan.
 */
export function planValues(question: Question, dimension: Dimension, limit: number, setting: Setting): Plan {
  const visitors = METRICS.get('visitors') as Metric;
  const ofValues: Question = {
    ...question,
    metrics: setting.minGroup > 1 ? [visitors] : [],
    time: null,
    dimensions: [dimension],
    filters: [],
    order: [],
    pagination: { limit, offset: 0 },
  };
  return new Planner(ofValues, { ...setting, minGroup: 0 }).planFromEvents();
}

/** What tells whether there is a row, and how many visitors a share is of. */
const ALWAYS_COUNTED: readonly string[] = ['visitors', 'events'];

/** One grouping of the question's events: the answer itself, or what it is a share of. */
interface Grouping {
  readonly name: string;
  readonly timed: boolean;
  readonly dimensions: readonly Dimension[];
  readonly filters: readonly Filter[];
}

class Planner {
  readonly #question: Question;
  readonly #setting: Setting;
  /** Lists that the SQL names by their place in parameter `?4`. */
  readonly #lists: (readonly unknown[])[] = [];
  readonly #dimensions: readonly Dimension[];
  readonly #visitDimensions = new Set<ColumnDimension>();
  readonly #columns = new Set<string>();
  readonly #isOfPeople: boolean;
  /** The counts that the question's metrics are made of: with a thousand values a month, each more takes its time. */
  readonly #counts: readonly string[];
  #usesRollups: boolean;

  constructor(question: Question, setting: Setting) {
    this.#question = question;
    this.#setting = setting;
    this.#dimensions = question.dimensions.filter((dimension) => dimension !== null);
    this.#usesRollups = canUseRollups(question, setting.moments);
    this.#isOfPeople = isOfPeople(question);
    const formulas = question.metrics.map(({ sql }) => sql).join(' ');
    this.#counts = VISIT_COUNTS.filter(
      (count) => ALWAYS_COUNTED.includes(count) || new RegExp(`\\b${count}\\b`).test(formulas),
    );
  }

  planFromEvents(): Plan {
    this.#usesRollups = false;
    return this.plan();
  }

  plan(): Plan {
    const { metrics, time, dimensions, filters, pagination, pixel } = this.#question;
    const answer: Grouping = {
      name: 'answer',
      timed: time !== null,
      dimensions: this.#dimensions,
      filters,
    };
    const withoutGoals = filters.filter((filter) => !isGoalTest(filter));
    const wholes: Record<Whole, Grouping> = {
      whole: { name: 'whole', timed: false, dimensions: [], filters },
      whole_without_goal: { name: 'whole_without_goal', timed: false, dimensions: [], filters: withoutGoals },
      group_without_goal: {
        name: 'group_without_goal',
        timed: time !== null,
        dimensions: this.#dimensions.filter(({ kind }) => kind !== 'goal'),
        filters: withoutGoals,
      },
    };
    const asked = (['whole', 'whole_without_goal', 'group_without_goal'] as const).filter((whole) =>
      metrics.some(({ of }) => of === whole),
    );
    const ofSales = metrics.some(({ ofSales }) => ofSales);
    const ofPeople = metrics.some(({ ofPeople }) => ofPeople);

    const isSafe = isProtected(this.#question, this.#setting.minGroup);
    const near = isSafe
      ? differences(filters).map((those, index) => ({ ...answer, name: `near${index}`, filters: those }))
      : [];

    const ctes = [
      this.#counted(answer),
      ...near.map((grouping) => this.#counted(grouping)),
      ...asked.map((whole) => this.#counted(wholes[whole])),
      ...(ofSales ? [this.#sales(answer)] : []),
      ...(ofPeople ? [this.#people(answer)] : []),
    ];
    const joins = [
      ...(ofSales ? [this.#join(answer, 'sold')] : []),
      ...(ofPeople ? [this.#join(answer, 'known_people')] : []),
      ...(asked.includes('group_without_goal')
        ? [this.#join(wholes.group_without_goal, 'group_without_goal')]
        : []),
    ];
    const columns = [
      'answer.*',
      ...(ofSales
        ? ['sold.revenue', 'coalesce(sold.sales, 0) AS sales', 'sold.currency', 'sold.currencies']
        : []),
      ...(ofPeople ? PEOPLE_METRICS.map((name) => `coalesce(known_people.${name}, 0) AS ${name}`) : []),
      ...asked.map((whole) =>
        whole === 'group_without_goal'
          ? 'group_without_goal.visitors AS group_without_goal'
          : `(SELECT visitors FROM ${whole}) AS ${whole}`,
      ),
    ];
    const folding = foldedRows({
      keys: this.#keys(answer),
      counts: this.#counts,
      timed: answer.timed,
      least: this.#setting.minGroup,
      near: near.map(({ name }) => name),
      ofSales,
      ofPeople,
      wholes: asked,
    });
    const withClause = `
      WITH RECURSIVE ${[STRETCHES, GOALS, ...this.#base(), ...ctes].join(',')},
      joined AS (SELECT ${columns.join(', ')} FROM answer ${joins.join(' ')}),
      ${isSafe ? `${folding},` : ''}
      shown AS (SELECT ${this.#selectList(isSafe)} FROM ${isSafe ? 'folded' : 'joined'} ${dimensions.length === 0 || metrics.length === 0 ? '' : 'WHERE events > 0'}),
      wanted AS (SELECT * FROM shown ${this.#wanted()})`;
    return {
      sql: `${withClause} SELECT * FROM wanted ORDER BY ${this.#orderBy()} LIMIT ?6 OFFSET ?7`,
      countSql: `${withClause} SELECT count(*) AS total FROM wanted WHERE ?7 IS NOT NULL`,
      parameters: [
        pixel,
        stretchParameter(this.#stretches()),
        goalParameter(this.#setting.goals),
        JSON.stringify(this.#lists),
        this.#setting.countries,
        pagination.limit,
        pagination.offset,
      ],
      usesRollups: this.#usesRollups,
    };
  }

  /** The columns that tell a grouping's rows apart. A dimension has the same one in all groupings. */
  #keys({ timed, dimensions }: Grouping): string[] {
    return [
      ...(timed ? ['bucket'] : []),
      ...dimensions.map((dimension) => `d${this.#dimensions.indexOf(dimension)}`),
    ];
  }

  /** Joins a grouping's rows to those of the answer, by the keys they share. */
  #join(grouping: Grouping, name: string): string {
    const on = this.#keys(grouping).map((key) => `${name}.${key} = answer.${key}`);
    return `LEFT JOIN ${name} ON ${on.join(' AND ') || 'true'}`;
  }

  #stretches() {
    const { days, zone } = this.#setting;
    if (days === null) return [];
    return segments(zone, days.from, days.to).map((segment) => ({
      ...segment,
      bucket: bucketOf(this.#question.time, segment.day),
    }));
  }

  /** The CTEs that all groupings share. To be called when these are written, for they say what they need. */
  #base(): string[] {
    const months = this.#months();
    const rolled = `
    month AS (${months}),
    rolled AS (
      SELECT DISTINCT s.bucket, s.day
      FROM stretch s CROSS JOIN days d ON d.pixel = ?1 AND d.day = s.day AND ${this.#hasRollup()}
      WHERE substr(s.day, 1, 7) NOT IN (SELECT month FROM month)
    )`;
    const open = `
    open AS (
      SELECT s.* FROM stretch s
      CROSS JOIN days d ON d.pixel = ?1 AND d.day = s.day${this.#usesRollups ? ` AND NOT (${this.#hasRollup()})` : ''}
    )`;
    const columns = new Set([
      ...this.#columns,
      ...visitColumns(this.#visitDimensions),
      ...(this.#isOfPeople ? PERSON_COLUMNS : []),
    ]);
    return [
      ...(this.#usesRollups ? [rolled] : []),
      open,
      numberedEvents({ source: 'open', columns }),
      visits(this.#visitDimensions),
      ...(this.#isOfPeople ? this.#attendance() : []),
    ];
  }

  #attendance(): string[] {
    const { moments, range } = this.#setting;
    const seen = this.#usesRollups ? seenInRollups(this.#hasRollup()) : seenInEvents(moments);
    const aliases = this.#usesRollups ? 'seen' : 'numbered';
    return [seen, attendance(aliases, moments, this.#text(range.from))];
  }

  /** A day whose properties were too many has no rollup of those that were left out. */
  #hasRollup(): string {
    const property = this.#dimensions.find(({ kind }) => kind === 'property');
    if (!property) return hasRollup(this.#question, this.#setting.peopleSince);
    const rows = (dimension: string) =>
      `EXISTS (SELECT 1 FROM rollups r WHERE r.pixel = ?1 AND r.day = d.day AND r.dimension = ${dimension})`;
    return `${HAS_ROLLUP} AND (d.raw > 0 OR ${rows(this.#text(property.rollup))} OR NOT ${rows(`'${PROPERTY_PREFIX}'`)})`;
  }

  /**
   * The whole months of the range whose own rollup holds: all of their days are rolled up, and as often as it knows of.
   * None where days are asked for one by one, and for properties, which months do not have.
   */
  #months(): string {
    const { range } = this.#setting;
    const { time } = this.#question;
    const fits =
      (time === null || time === 'time:month') &&
      this.#dimensions.every(({ kind }) => kind !== 'property') &&
      // Older days are asked one by one for who was there.
      (!this.#isOfPeople || range.from >= this.#setting.peopleSince);
    const ofMonth = `d.pixel = ?1 AND d.day >= m.month || '-01' AND d.day <= m.month || '-31'`;
    return `
      SELECT m.month, ${time === null ? `''` : `m.month || '-01'`} AS bucket
      FROM months m
      WHERE m.pixel = ?1 AND m.month IN (SELECT value FROM json_each(${this.#list(fits ? wholeMonths(range) : [])}))
        AND m.rolls = (SELECT sum(d.rolls) FROM days d WHERE ${ofMonth})
        AND NOT EXISTS (SELECT 1 FROM days d WHERE ${ofMonth} AND d.dirty > 0)`;
  }

  /** Rows of counts. Without dimensions there is always one, of zeros where nothing happened. */
  #counted(grouping: Grouping): string {
    const keys = this.#keys(grouping);
    const live = this.#live(grouping);
    const rows = this.#usesRollups
      ? `${this.#rollupRows(grouping, this.#counts, `r.currency = ''`)}
      UNION ALL
      SELECT ${[...keys, ...this.#counts].join(', ')} FROM (${live})`
      : live;
    const sums = this.#counts.map((count) => `coalesce(sum(${count}), 0) AS ${count}`);
    return `
    ${grouping.name} AS (
      SELECT ${[...keys, ...sums].join(', ')} FROM (${rows})${keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`})`;
  }

  /** CROSS JOIN, here as elsewhere, keeps the order: SQLite knows nothing of how few days and months there are. */
  #rollupRows({ timed, dimensions }: Grouping, counts: readonly string[], which: string): string {
    const [dimension] = dimensions;
    const hourly = timed && this.#question.time === 'time:hour';
    const rolled = dimension ? this.#text(dimension.rollup) : `'${hourly ? HOUR : TOTAL}'`;
    const key = dimension && `d${this.#dimensions.indexOf(dimension)}`;
    const columns = [
      ...(timed ? [`${hourly ? 'r.value' : 'c.bucket'} AS bucket`] : []),
      ...(key ? [`r.value AS ${key}`] : []),
      ...(which === `r.currency = ''` ? [] : ['r.currency']),
      ...counts.map((count) => `r.${count}`),
    ];
    const rows = `
      SELECT ${columns.join(', ')}
      FROM rolled c
      CROSS JOIN rollups r ON r.pixel = ?1 AND r.day = c.day AND r.dimension = ${rolled} AND ${which}`;
    if (dimension?.kind !== 'property') {
      return `${rows}
      UNION ALL
      SELECT ${columns.join(', ')}
      FROM month c
      CROSS JOIN month_rollups r ON r.pixel = ?1 AND r.month = c.month AND r.dimension = ${rolled} AND ${which}`;
    }
    // On a day on which no event has the property, all lack it.
    const exists = (name: string) =>
      `EXISTS (SELECT 1 FROM rollups x WHERE x.pixel = ?1 AND x.day = c.day AND x.dimension = ${name})`;
    const value = `iif(${exists(`'${PROPERTY_PREFIX}'`)}, '${OTHER}', '')`;
    return `${rows}
      UNION ALL
      SELECT ${columns.map((column) => (column === `r.value AS ${key}` ? `${value} AS ${key}` : column)).join(', ')}
      FROM rolled c
      CROSS JOIN rollups r ON r.pixel = ?1 AND r.day = c.day AND r.dimension = '${TOTAL}' AND ${which}
      WHERE NOT ${exists(rolled)}`;
  }

  /** Rows from events. When nothing is asked of single events, a visit is the smallest part. */
  #live(grouping: Grouping): string {
    const { dimensions, filters, timed } = grouping;
    const keys = this.#keys(grouping);
    const groupBy = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`;
    const hourly = timed && this.#question.time === 'time:hour';
    const whole =
      !hourly &&
      filters.length === 0 &&
      this.#setting.moments === null &&
      dimensions.every(({ scope }) => scope !== 'event');
    if (whole) {
      const named = this.#keys({ ...grouping, timed: false })
        .map((key, index) => `${this.#value(dimensions[index] as Dimension)} AS ${key}, `)
        .join('');
      return `SELECT ${[...keys, SUM_VISITS].join(', ')} FROM (SELECT ${named}v.* FROM visit v)${groupBy}`;
    }
    const { from, where, values } = this.#events(grouping);
    const aliased = keys.map((key, index) => `${values[index]} AS ${key}, `).join('');
    return `
      SELECT ${[...keys, SUM_VISITS].join(', ')}
      FROM (
        SELECT ${keys.map((key) => `p.${key}, `).join('')}${PART_OF_VISIT}
        FROM (
          SELECT ${aliased}n.visit, ${PART_COUNTS}
          FROM ${from} WHERE ${where}
          GROUP BY ${[...values, 'n.visit'].join(', ')}) p
        CROSS JOIN visit v ON v.visit = p.visit)${groupBy}`;
  }

  /** The events of a grouping: where they come from, what picks them, and the SQL of each key. */
  #events({ timed, dimensions, filters }: Grouping): { from: string; where: string; values: string[] } {
    const { moments } = this.#setting;
    const goals = dimensions.some(({ kind }) => kind === 'goal');
    const bucket = this.#question.time === 'time:hour' ? hourLabel('n') : 'n.bucket';
    if (goals) this.#needGoals();
    return {
      from: goals ? `goal g CROSS JOIN ${this.#joined(` ON ${REACHES}`)}` : this.#joined(),
      where:
        [
          ...(moments ? [`n.ts BETWEEN ${moments.from} AND ${moments.to}`] : []),
          ...filters.map((filter) => this.#condition(filter)),
        ].join(' AND ') || 'true',
      values: [...(timed ? [bucket] : []), ...dimensions.map((dimension) => this.#value(dimension))],
    };
  }

  /** Events `n`, joined to their visits `v`, and to their people where the question is of them. */
  #joined(on = ''): string {
    const people = this.#isOfPeople ? PERSON_OF_EVENT : '';
    return `numbered n${on} CROSS JOIN visit v ON v.visit = n.visit${people}`;
  }

  /** Revenue by currency, gathered into a row a key: its currency, and how many there are. */
  #sales(grouping: Grouping): string {
    this.#columns.add('value').add('currency');
    const keys = this.#keys(grouping);
    const { from, where, values } = this.#events(grouping);
    const aliased = keys.map((key, index) => `${values[index]} AS ${key}`);
    const counts = ['sum(n.value) AS revenue', 'count(*) AS sales'];
    const live = `
      SELECT ${[...aliased, 'n.currency AS currency', ...counts].join(', ')}
      FROM ${from} WHERE ${where} AND n.counted AND n.value IS NOT NULL AND n.currency <> ''
      GROUP BY ${[...values, 'n.currency'].join(', ')}`;
    const rows = this.#usesRollups
      ? `${this.#rollupRows(grouping, SALE_COUNTS, `r.currency <> ''`)} UNION ALL ${live}`
      : live;
    return `
    sold AS (
      SELECT ${[...keys, 'sum(revenue) AS revenue', 'sum(sales) AS sales', 'max(currency) AS currency', 'count(DISTINCT currency) AS currencies'].join(', ')}
      FROM (${rows})${keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`})`;
  }

  #people(grouping: Grouping): string {
    const keys = this.#keys(grouping);
    if (this.#usesRollups) {
      const groupBy = keys.length === 0 ? '' : `GROUP BY ${keys.join(', ')}`;
      return `
    known_people AS (SELECT ${[...keys, PEOPLE_COUNTS].join(', ')} FROM attended ${groupBy})`;
    }
    const { from, where, values } = this.#events(grouping);
    const aliased = keys.map((key, index) => `${values[index]} AS ${key}`);
    const groups = keys.map((key) => `g.${key}`);
    const groupBy = keys.length === 0 ? '' : `GROUP BY ${groups.join(', ')}`;
    return `
    known_people AS (
      SELECT ${[...groups, PEOPLE_COUNTS].join(', ')}
      FROM (
        SELECT DISTINCT ${[...aliased, 'n.bucket AS period', 'k.root'].join(', ')}
        FROM ${from} WHERE ${where} AND n.counted AND n.person <> '') g
      CROSS JOIN attended a ON a.bucket = g.period AND a.root = g.root
      ${groupBy})`;
  }

  /** A dimension's value in a row of event `n`, visit `v` and goal `g`. */
  #value(dimension: Dimension): string {
    switch (dimension.kind) {
      case 'goal':
        return 'g.name';
      case 'property':
        this.#columns.add('props');
        return `coalesce((SELECT p.value FROM json_each(iif(n.props = '', '{}', n.props)) p WHERE p.key = ${this.#text(dimension.key)}), '')`;
      case 'person':
        if (dimension.touch !== null) {
          for (const column of [dimension.column, 'channel']) {
            this.#visitDimensions.add(DIMENSIONS.get(`visit:${column}`) as ColumnDimension);
          }
        }
        return personValue(dimension, this.#question.include.attribution_days);
      case 'column':
        if (dimension.scope === 'event') {
          this.#columns.add(dimension.column);
          return `n.${dimension.column}`;
        }
        this.#visitDimensions.add(dimension);
        return `v."${dimension.name}"`;
    }
  }

  #needGoals(): void {
    this.#columns.add('page').add('props');
  }

  #condition(filter: Filter): string {
    switch (filter.kind) {
      case 'and':
      case 'or':
        return `(${filter.filters.map((inner) => this.#condition(inner)).join(filter.kind === 'and' ? ' AND ' : ' OR ')})`;
      case 'not':
        return `NOT ${this.#condition(filter.filter)}`;
      case 'done':
        return `n.visit ${filter.negated ? 'NOT IN' : 'IN'} (
          SELECT n.visit FROM ${this.#joined()}
          WHERE n.counted AND ${this.#condition(filter.filter)})`;
      case 'test':
        return this.#test(filter);
    }
  }

  #test({ dimension, comparison, negated, values }: Test): string {
    const list = `json_each(${this.#list(values)})`;
    if (dimension.kind === 'goal') {
      this.#needGoals();
      return `EXISTS (SELECT 1 FROM goal g WHERE g.name IN (SELECT value FROM ${list}) AND ${REACHES})`;
    }
    const value = shown(dimension, this.#value(dimension));
    const found =
      comparison === 'contains'
        ? `EXISTS (SELECT 1 FROM ${list} j WHERE instr(${value}, j.value) > 0)`
        : `${value} IN (SELECT value FROM ${list})`;
    return negated ? `NOT (${found})` : `(${found})`;
  }

  #list(values: readonly unknown[]): string {
    return `?4, '$[${this.#lists.push(values) - 1}]'`;
  }

  #text(text: string): string {
    return `(?4 ->> '$[${this.#lists.push([text]) - 1}][0]')`;
  }

  #selectList(isSafe: boolean): string {
    let next = 0;
    const columns = this.#question.dimensions.map((dimension, index) => {
      const sql = dimension === null ? 'bucket' : shown(dimension, `d${next++}`);
      return `${sql} AS dimension${index}`;
    });
    const ofSales = this.#question.metrics.some((metric) => metric.ofSales);
    return [
      ...columns,
      ...this.#question.metrics.map((metric) => metricColumn(metric, isSafe)),
      ...(ofSales ? ['currency', 'currencies'] : []),
    ].join(', ');
  }

  /** Only the rows that are wanted. */
  #wanted(): string {
    const { rows } = this.#setting;
    if (rows === null) return '';
    const columns = this.#question.dimensions.map((_, index) => `dimension${index}`);
    if (columns.length === 0) return '';
    return `WHERE (${columns.join(', ')}) IN (
      SELECT ${columns.map((_, index) => `value ->> ${index}`).join(', ')} FROM json_each(${this.#list(rows)}))`;
  }

  /** As asked; else by time, then by the first metric. Ties go by dimension, so that pages do not overlap. */
  #orderBy(): string {
    const { order, dimensions, metrics, time } = this.#question;
    const column = (key: string): string => {
      const index = dimensions.findIndex((dimension) => (dimension?.name ?? time) === key);
      return index < 0 ? `"${key}"` : `dimension${index}`;
    };
    const asked = order.map(
      ([key, direction]) => `${column(key)} ${direction === 'asc' ? 'ASC' : 'DESC'} NULLS LAST`,
    );
    const timeIndex = dimensions.indexOf(null);
    const [first] = metrics;
    const byDefault = [
      ...(timeIndex < 0 ? [] : [`dimension${timeIndex} ASC`]),
      ...(first ? [`"${first.name}" DESC NULLS LAST`] : []),
    ];
    const all = [
      ...(asked.length > 0 ? asked : byDefault),
      ...dimensions.map((_, index) => `dimension${index} ASC`),
    ];
    return all.join(', ');
  }
}

function metricColumn({ name, sql, ofSales }: Metric, isSafe: boolean): string {
  // What has several currencies has no sum.
  const value = ofSales ? `iif(currencies = 1, ${sql}, NULL)` : sql;
  return `${isSafe ? `iif(too_small, NULL, ${value})` : value} AS "${name}"`;
}

/** A value as answers and filters have it: absence has a name, and a country's code may stand for its name. */
function shown(dimension: Dimension, sql: string): string {
  const named = dimension.kind === 'column' && dimension.labels === 'country';
  return `iif(${sql} = '', '${dimension.none}', ${named ? `coalesce(?5 ->> ${sql}, ${sql})` : sql})`;
}

/** What is left of a question that names the time it resolved to. */
export function withTime(question: Question, time: TimeDimension | null): Question {
  return {
    ...question,
    time,
    order: question.order.map(
      ([key, direction]) => [key === 'time' && time ? time : key, direction] as const,
    ),
  };
}
