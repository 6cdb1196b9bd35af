/** Speck's version, as in package.json; a test holds them equal. */
export const VERSION = '0.1.0';

/** The version of the database's tables that this Worker needs. A test holds it equal to the number of files in migrations/. */
export const SCHEMA_VERSION = 2;
