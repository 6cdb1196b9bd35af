/** Speck's version. A test compares it to package.json. */
export const VERSION = '0.1.0';

/** The version of the database schema that this Worker needs: the number of files in migrations/, as a test verifies. */
export const SCHEMA_VERSION = 7;
