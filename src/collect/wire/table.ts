/** The wire formats that this Worker supports. A new format takes a file in this folder and a line in this table. */
import type { WireFormat } from './format.ts';
import { native } from './native.ts';

export const FORMATS: readonly WireFormat[] = [native];
