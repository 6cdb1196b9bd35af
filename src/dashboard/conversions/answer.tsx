/** What a network answered and what was sent to it, without the values. */
import type { Answer, SentField } from '../../model/delivery.ts';
import { Copy } from '../ui.tsx';
import { answerText, ended } from './health.ts';

interface Props {
  readonly answer: Answer;
  /** The network's. */
  readonly title: string;
}

/** What to do first, then the answer in words, and the trace id by which the network's support finds the request. */
export function AnswerText({ answer, title }: Props) {
  return (
    <>
      {answer.advice !== '' && (
        <p class="anywhere">
          <b>What to do:</b> {ended(answer.advice)}
        </p>
      )}
      <p class={answer.advice === '' ? 'anywhere' : 'anywhere muted'}>{answerText(answer, title)}</p>
      {answer.trace !== '' && (
        <p class="row trace">
          <span class="muted">Trace id for {title}'s support</span> <code>{answer.trace}</code>{' '}
          <Copy text={answer.trace} what="the trace id" />
        </p>
      )}
    </>
  );
}

export function FieldTags({ fields }: { readonly fields: readonly SentField[] }) {
  return (
    <ul class="sent-fields">
      {fields.map(({ name, hashed }) => (
        <li class="tag" key={name}>
          <code>{name}</code>
          {hashed && <span class="hashed">hashed</span>}
        </li>
      ))}
    </ul>
  );
}
