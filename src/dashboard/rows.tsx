/** The rows of a response as a table. Each has a bar, and filters when it is clicked. */
import { amount } from './amount.ts';
import type { QueryResponse, Row } from './api.ts';
import { hasRow, isAmong, type Pairs, withRow } from './filters.ts';
import { dimensionName, metricName, metricValue, valueName } from './format.ts';
import { Text } from './ui.tsx';
import { NO_DIALOG, type SetView, type View } from './view.ts';

export interface RowsProps {
  readonly response: QueryResponse;
  /** The dimensions of the response. A row's name has its values of all of them, but that of `split`. */
  readonly dimensions: readonly string[];
  /** The last of the dimensions, if it has a column of its own. */
  readonly split?: string | null;
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: SetView;
}

/** Rows that stand for more than one value. No filter can name them. */
const FOLDED_VALUES = ['(other)'];

export function rowName({ dimensions: values }: Row, dimensions: readonly string[]): string {
  const names = dimensions.map((dimension, index) => valueName(dimension, values[index] ?? ''));
  return [...new Set(names)].join(' ');
}

export function Rows({ response, dimensions, split = null, metrics, view, set }: RowsProps) {
  const { results } = response;
  const named = split === null ? dimensions : dimensions.slice(0, -1);
  const dimension = named.at(-1) ?? '';
  const max = Math.max(1, ...results.map((row) => amount(row.metrics[0]) ?? 0));
  const pairsOf = ({ dimensions: values }: Row): Pairs =>
    dimensions.map((one, index) => [one, values[index] ?? '']);
  return (
    <table class={split === null ? 'rows' : 'rows split'} data-dimension={dimension}>
      <thead>
        <tr>
          <th scope="col">{dimensionName(dimension)}</th>
          {split !== null && <th scope="col">{dimensionName(split)}</th>}
          {metrics.map((metric) => (
            <th scope="col" class="number" key={metric}>
              {metricName(metric)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {results.map((row) => {
          const name = rowName(row, named);
          const part = split === null ? null : valueName(split, row.dimensions.at(-1) ?? '');
          return (
            <tr key={JSON.stringify(row.dimensions)}>
              <th scope="row">
                <span
                  class="bar"
                  style={{ width: `${(100 * Math.max(0, amount(row.metrics[0]) ?? 0)) / max}%` }}
                  aria-hidden="true"
                />
                {row.dimensions.some((value) => FOLDED_VALUES.includes(value)) ? (
                  <span class="label">
                    <Text>{name}</Text>
                  </span>
                ) : (
                  <button
                    type="button"
                    class="label"
                    aria-pressed={hasRow(view.filters, pairsOf(row))}
                    onClick={(event) =>
                      set({
                        filters: withRow(view.filters, pairsOf(row), isAmong(event)),
                        ...NO_DIALOG,
                      })
                    }
                  >
                    <span class="hidden">Filter by </span>
                    <Text>{name}</Text>
                    {part !== null && <span class="hidden"> and {part}</span>}
                  </button>
                )}
              </th>
              {part !== null && (
                <th scope="row" class="part">
                  <Text>{part}</Text>
                </th>
              )}
              {metrics.map((metric, index) => (
                <td class="number" key={metric}>
                  {metricValue(metric, row.metrics[index])}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
