/** What the pages of the view Conversions have in common. */
import type { Pixel } from '../api.ts';
import type { Place } from './address.ts';

/** What each page of the view needs. */
export interface PageProps {
  readonly pixel: Pixel;
  /** Makes the address of a place of the view. */
  readonly hrefOf: (place: Place) => string;
  /** Loads what is shown again. */
  readonly reload: () => void;
}
