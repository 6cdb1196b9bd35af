/** An import in the list, with what can be done with it. */
import { useState } from 'preact/hooks';
import type { ImportJson } from '../../model/import.ts';
import { call, Failure, type Pixel } from '../api.ts';
import { date } from '../format.ts';
import { Confirm, useSubmission } from '../forms.tsx';
import { ErrorMessage, Text } from '../ui.tsx';
import { Facts } from './facts.tsx';
import { countOf, daysBetween, factsOf, importerName } from './imports.ts';
import { isSending } from './use-import.ts';

interface Props {
  readonly pixel: Pixel;
  readonly one: ImportJson;
  readonly onChange: () => void;
}

export function ImportItem({ pixel, one, onChange }: Props) {
  const [isOpen, open] = useState(false);
  const [undo, setUndo] = useState<{ readonly of: number; readonly left: number } | null>(null);
  const submission = useSubmission();
  const path = `/api/v1/pixels/${pixel.id}/imports/${one.id}`;
  const remove = async (): Promise<undefined> => {
    let of = 0;
    setUndo({ of: 1, left: 1 });
    try {
      for (let step = 0; ; step++) {
        const { done, dates_left: left } = await undoStep(path, step);
        if (done) break;
        of = Math.max(of, left + 1);
        setUndo({ of, left });
      }
    } finally {
      setUndo(null);
      onChange();
    }
  };
  const keep = async (): Promise<undefined> => {
    await call('PATCH', path, { state: 'kept' });
    onChange();
  };
  const isBeingSent = isSending(one.id);
  const canUndo = !isBeingSent && (one.undo_until !== null || one.state === 'undoing');
  const facts = factsOf(one);
  return (
    <li data-import={one.id} data-state={one.state}>
      <span class="grow">
        <b>
          <Text>{one.file}</Text>
        </b>
        <span class="muted">
          {importerName(one.source)} · {storedText(pixel, one)} · begun {date(one.created_at)}
        </span>
        <span class={one.state === 'open' && !isBeingSent ? 'worse' : 'muted'}>
          {isBeingSent ? 'It is being sent from this page.' : stateText(one)}
        </span>
      </span>
      {facts.length > 0 && (
        <button type="button" class="quiet" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
          {isOpen ? 'Close' : 'Details'} <span class="hidden">{one.file}</span>
        </button>
      )}
      {canUndo && undo === null && (
        <>
          {one.state === 'complete' && (
            <Confirm
              label="Keep for good"
              confirm="Give up the undo"
              cancel="Cancel"
              act={() => void submission.send(keep)}
            />
          )}
          <Confirm
            label={one.state === 'undoing' ? 'Continue the undo' : 'Undo'}
            confirm={`Delete its ${one.totals > 0 && one.stored === 0 ? 'totals' : countOf(one.stored, 'event')}`}
            cancel="Cancel"
            act={() => void submission.send(remove)}
          />
        </>
      )}
      {undo !== null && (
        <span class="undoing" role="status">
          Undoing… {undo.left > 0 && `${countOf(undo.left, 'day')} left`}
          <progress max={undo.of} value={undo.of - undo.left} aria-label="Undone" />
        </span>
      )}
      {submission.failure && <ErrorMessage failure={submission.failure} />}
      {isOpen && (
        <div class="published">
          <Facts facts={facts} />
          {Object.keys(one.bots).length > 0 && (
            <p>
              {Object.entries(one.bots).map(([bot, times]) => (
                <span class="tag" key={bot}>
                  <Text>{bot}</Text> {times}
                </span>
              ))}
            </p>
          )}
        </div>
      )}
    </li>
  );
}

async function undoStep(path: string, step: number): Promise<{ done: boolean; dates_left: number }> {
  try {
    return await call('DELETE', path);
  } catch (error) {
    // An answer was lost, or the cron has ended it.
    if (step > 0 && error instanceof Failure && error.status === 404) return { done: true, dates_left: 0 };
    throw error;
  }
}

function storedText({ timezone }: Pixel, { stored, totals, first_at, last_at }: ImportJson): string {
  const days =
    first_at !== null && last_at !== null
      ? `, ${daysBetween(timezone, Date.parse(first_at), Date.parse(last_at))}`
      : '';
  if (totals === 0) return countOf(stored, 'event') + days;
  const rows = countOf(totals, 'row of totals', 'rows of totals');
  return stored === 0 ? rows : `${countOf(stored, 'event')}${days}, ${rows}`;
}

function stateText({ state, undo_until }: ImportJson): string {
  switch (state) {
    case 'open':
      return 'Not finished. Choose the same file again to continue.';
    case 'undoing':
      return 'Its undo has begun.';
    case 'kept':
      return 'Kept for good.';
    case 'complete':
      return `Can be undone until ${date(undo_until ?? '')}.`;
  }
}
