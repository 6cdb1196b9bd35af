import { useState } from 'preact/hooks';
import { type Question, saveCsv } from './api.ts';

interface Props {
  readonly question: Question;
  /** What is saved, for those who do not see what the button stands under. */
  readonly what: string;
}

/** Saves all rows of an answer as a file, or says why not. */
export function CsvButton({ question, what }: Props) {
  const [failed, fail] = useState('');
  const name = `${(question.dimensions ?? []).join('-').replaceAll(/\W+/g, '-')}.csv`;
  const save = async (): Promise<void> => {
    fail('');
    await saveCsv(question, name).catch((error: Error) => fail(error.message));
  };
  return (
    <button type="button" class="quiet" onClick={save}>
      {failed || 'Save as CSV'}
      <span class="hidden">: {what}</span>
    </button>
  );
}
