import { sharePostgres } from './shared-postgres.js';

export default sharePostgres;
