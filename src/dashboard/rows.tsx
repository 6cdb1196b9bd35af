/** The rows of a response as a table. Each has a bar, and filters when it is clicked. */
import type { ComponentChildren } from 'preact';
import { amount } from './amount.ts';
import type { QueryResponse, Row } from './api.ts';
import { exactnessOf, marginText, UNKNOWN } from './estimate.ts';
import { hasRow, isAmong, type Pairs, withRow } from './filters.ts';
import { change, dimensionName, metricName, metricValue, valueName } from './format.ts';
import { Drawn, Mark } from './marks.tsx';
import { pageAddress } from './page-address.ts';
import { CHANGE, isUnnamed, rowName } from './row-name.ts';
import { Text } from './ui.tsx';
import { Approximately } from './value.tsx';
import { NO_DIALOG, type SetView, type View } from './view.ts';

/** A column's heading. */
export interface Head {
  readonly sort?: 'ascending' | 'descending' | 'none';
  readonly content: ComponentChildren;
}

export interface RowsProps {
  readonly response: QueryResponse;
  /** The dimensions of the response. A row's name has its values of all of them, but that of `split`. */
  readonly dimensions: readonly string[];
  /** The last of the dimensions, if it has a column of its own. */
  readonly split?: string | null;
  readonly metrics: readonly string[];
  /** The pixel's site, to which pages belong; null if it is not known. */
  readonly site: string | null;
  /** Whether the change of the first metric has a column of its own. */
  readonly hasChange?: boolean;
  /** Makes the heading of a column: `name`, `part`, `change` or a metric. Default: its label. */
  readonly headOf?: (column: string, label: string) => Head;
  readonly view: View;
  readonly set: SetView;
}

/** Rows that stand for more than one value. No filter can name them. */
const FOLDED_VALUES = ['(other)'];

export function Rows({
  response,
  dimensions,
  split = null,
  metrics,
  site,
  hasChange = false,
  headOf = (_, label) => ({ content: label }),
  view,
  set,
}: RowsProps) {
  const { results } = response;
  const named = split === null ? dimensions : dimensions.slice(0, -1);
  const dimension = named.at(-1) ?? '';
  const max = Math.max(1, ...results.map((row) => amount(row.metrics[0]) ?? 0));
  const pairsOf = ({ dimensions: values }: Row): Pairs =>
    dimensions.map((one, index) => [one, values[index] ?? '']);
  const head = (column: string, label: string, isNumber = false) => {
    const { sort, content } = headOf(column, label);
    return (
      <th scope="col" key={column} class={isNumber ? 'number' : ''} aria-sort={sort}>
        {content}
      </th>
    );
  };
  return (
    <div class="scroll">
      <table class={split === null ? 'rows' : 'rows split'} data-dimension={dimension}>
        <thead>
          <tr>
            {head('name', dimensionName(dimension))}
            {split !== null && head('part', dimensionName(split))}
            {metrics.flatMap((metric, index) => [
              head(metric, metricName(metric), true),
              ...(hasChange && index === 0 ? [head(CHANGE, 'Change', true)] : []),
            ])}
          </tr>
        </thead>
        <tbody>
          {results.map((row) => {
            const name = rowName(row, named);
            const value = row.dimensions[named.length - 1] ?? '';
            const part = split === null ? null : valueName(split, row.dimensions.at(-1) ?? '');
            const address = pageAddress(dimension, value, site);
            return (
              <tr key={JSON.stringify(row.dimensions)} class={isUnnamed(dimension, value) ? 'unnamed' : ''}>
                <th scope="row">
                  <span
                    class="bar"
                    style={{ width: `${(100 * Math.max(0, amount(row.metrics[0]) ?? 0)) / max}%` }}
                    aria-hidden="true"
                  />
                  <span class="cell">
                    {row.dimensions.some((one) => FOLDED_VALUES.includes(one)) ? (
                      <span class="label">
                        <Text>{name}</Text>
                      </span>
                    ) : (
                      <button
                        type="button"
                        class="label"
                        aria-pressed={hasRow(view.filters, pairsOf(row))}
                        onClick={(event) =>
                          set({ filters: withRow(view.filters, pairsOf(row), isAmong(event)), ...NO_DIALOG })
                        }
                      >
                        <span class="hidden">Filter by </span>
                        <Mark dimension={named[0] ?? ''} value={row.dimensions[0] ?? ''} />
                        <Text>{name}</Text>
                        {part !== null && <span class="hidden"> and {part}</span>}
                      </button>
                    )}
                    {address !== null && (
                      <a
                        class="open"
                        href={address}
                        target="_blank"
                        rel="noopener noreferrer"
                        title="Open the page in a new tab"
                      >
                        <Drawn path="M6 3H3v10h10v-3M9 2.5h4.5V7M13.5 2.5l-6 6" />
                        <span class="hidden">Open {name} in a new tab</span>
                      </a>
                    )}
                  </span>
                </th>
                {part !== null && (
                  <th scope="row" class="part">
                    <Text>{part}</Text>
                  </th>
                )}
                {metrics.flatMap((metric, index) => {
                  const isFirst = index === 0;
                  const since = changeText(row, metric, index);
                  const exactness = exactnessOf(response, row, metric, index);
                  const remark =
                    exactness === 'unknown'
                      ? UNKNOWN
                      : exactness === null
                        ? ''
                        : marginText(metric, row.metrics[index], exactness);
                  const cell = (
                    <td
                      class="number"
                      key={metric}
                      title={[remark, since].filter(Boolean).join(', ') || undefined}
                    >
                      {exactness !== null && exactness !== 'unknown' && <Approximately />}
                      {metricValue(metric, row.metrics[index])}
                      {remark !== '' && <span class="hidden">, {remark}</span>}
                      {isFirst && !hasChange && since && <span class="hidden">, {since}</span>}
                    </td>
                  );
                  return isFirst && hasChange
                    ? [cell, <ChangeCell key={CHANGE} row={row} metric={metric} />]
                    : [cell];
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** How a metric of a row changed, such as `↑ +12% from 340`; undefined if nothing is compared. */
function changeText({ comparison }: Row, metric: string, index: number): string | undefined {
  if (!comparison) return undefined;
  const before = comparison.metrics[index];
  const text = amount(before) ? change(metric, comparison.change[index])?.text : null;
  return [text, `from ${metricValue(metric, before)}`].filter(Boolean).join(' ');
}

function ChangeCell({ row, metric }: { readonly row: Row; readonly metric: string }) {
  const before = row.comparison?.metrics[0];
  const difference = amount(before) ? change(metric, row.comparison?.change[0]) : null;
  return (
    <td class="number" title={changeText(row, metric, 0)}>
      {difference ? (
        <span class={difference.mood}>{difference.text}</span>
      ) : row.comparison ? (
        <span class="muted">new</span>
      ) : (
        '–'
      )}
    </td>
  );
}
