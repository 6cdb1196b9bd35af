/** Rows of an answer with a bar behind each, to be clicked on to filter by it. */

import { amount } from './amount.ts';
import type { Answer, Row } from './api.ts';
import { dimensionName, metricName, metricValue, valueName } from './format.ts';
import { Text } from './ui.tsx';
import { type SetView, type View, withValue } from './view.ts';

export interface RowsProps {
  readonly answer: Answer;
  /** Those of the answer. A row is called by its values of all of them. */
  readonly dimensions: readonly string[];
  readonly metrics: readonly string[];
  readonly view: View;
  readonly set: SetView;
}

/** What stands for several values cannot be filtered by. */
const FOLDED = ['(other)'];

/** What a row is called. */
export function rowName({ dimensions: values }: Row, dimensions: readonly string[]): string {
  const names = dimensions.map((dimension, place) => valueName(dimension, values[place] ?? ''));
  return [...new Set(names)].join(' ');
}

export function Rows({ answer, dimensions, metrics, view, set }: RowsProps) {
  const { results } = answer;
  const dimension = dimensions.at(-1) ?? '';
  const most = Math.max(1, ...results.map((row) => amount(row.metrics[0]) ?? 0));
  const filtersOf = ({ dimensions: values }: Row): View['filters'] =>
    dimensions.reduce<View['filters']>(
      (filters, one, place) => withValue(filters, one, values[place] ?? ''),
      view.filters,
    );
  return (
    <table class="rows" data-dimension={dimension}>
      <thead>
        <tr>
          <th scope="col">{dimensionName(dimension)}</th>
          {metrics.map((metric) => (
            <th scope="col" class="number" key={metric}>
              {metricName(metric)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {results.map((row) => {
          const name = rowName(row, dimensions);
          return (
            <tr key={JSON.stringify(row.dimensions)}>
              <th scope="row">
                <span
                  class="bar"
                  style={{ width: `${(100 * Math.max(0, amount(row.metrics[0]) ?? 0)) / most}%` }}
                  aria-hidden="true"
                />
                {row.dimensions.some((value) => FOLDED.includes(value)) ? (
                  <span class="label">
                    <Text>{name}</Text>
                  </span>
                ) : (
                  <button
                    type="button"
                    class="label"
                    onClick={() => set({ filters: filtersOf(row), all: null })}
                  >
                    <span class="hidden">Filter by </span>
                    <Text>{name}</Text>
                  </button>
                )}
              </th>
              {metrics.map((metric, place) => (
                <td class="number" key={metric}>
                  {metricValue(metric, row.metrics[place])}
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
