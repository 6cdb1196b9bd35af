/** What the steps of a deploy know and find out. */
import type { Configuration } from './configuration.ts';
import type { Edit } from './edit.ts';
import type { Options } from './options.ts';

export interface Deployment {
  readonly options: Options;
  /** What wrangler reads for the chosen environment, once the edit is written. */
  readonly configuration: Configuration;
  readonly edit: Edit | undefined;
  /** The Worker's own address, once it is known. */
  url: string | undefined;
  /** The owner's token, if the command knows it: it was made, is in --secrets-file, or is SPECK_TOKEN. */
  token: string | undefined;
}
