/** As the server has them: it refuses what is beyond. */
export const LARGEST_BYTES = 10 * 1024 * 1024;
export const MOST_FILES = 10;
