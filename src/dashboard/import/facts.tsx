import { count } from '../format.ts';
import type { Fact } from './imports.ts';

/** Numbers with what they count. */
export function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <ul class="facts">
      {facts.map(({ number, what, isBad }) => (
        <li key={what} class={isBad ? 'worse' : ''}>
          <span class="number">{count(number)}</span> <span class="anywhere">{what}</span>
        </li>
      ))}
    </ul>
  );
}
