import { useState } from 'preact/hooks';
import { type QueryRequest, saveCsv } from './api.ts';

interface Props {
  readonly query: QueryRequest;
  /** The content of the file, for screen readers. */
  readonly what: string;
}

/** Saves all rows of a query as a CSV file. If that fails, the button says why. */
export function CsvButton({ query, what }: Props) {
  const [failed, fail] = useState('');
  const name = `${(query.dimensions ?? []).join('-').replaceAll(/\W+/g, '-')}.csv`;
  const save = async (): Promise<void> => {
    fail('');
    await saveCsv(query, name).catch((error: Error) => fail(error.message));
  };
  return (
    <button type="button" class="quiet" onClick={save}>
      {failed || 'Save as CSV'}
      <span class="hidden">: {what}</span>
    </button>
  );
}
