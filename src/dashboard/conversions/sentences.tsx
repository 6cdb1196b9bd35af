/** Sentences about a destination. Those that ask for the owner's doing stand out, also without color. */
import type { Sentence } from './health.ts';

export function Sentences({ sentences }: { readonly sentences: readonly Sentence[] }) {
  return (
    <ul>
      {sentences.map(({ mood, text }) => (
        <li key={text} class="sentence" data-mood={mood}>
          {text}
        </li>
      ))}
    </ul>
  );
}
