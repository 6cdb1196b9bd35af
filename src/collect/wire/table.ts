/** The wire formats that this Worker speaks. A new format is one file beside this one and one line here. */
import type { WireFormat } from './format.ts';
import { native } from './native.ts';

export const FORMATS: readonly WireFormat[] = [native];
