import { Body, Controller, Get, HttpCode, Post, type Type } from '@nestjs/common';
import { ProductAccess } from '../../../../src/auth/access.js';
import { Databases } from '../../../../src/database/databases.js';
import { newId } from '../../../../src/database/new-id.js';
import { TextField } from '../../../../src/http/fields.js';

export class NewVisit {
  @TextField({ description: 'Who comes.', example: 'Kenji', max: 50 })
  name!: string;
}

/** A door that a test opens: until then, requests that wait at it hold their connection. */
export class Gate {
  private opened: Promise<void> | undefined;
  open = (): void => {};

  shut(): void {
    this.opened = new Promise((resolve) => (this.open = resolve));
  }

  pass(): Promise<void> {
    return this.opened ?? Promise.resolve();
  }
}

/** The endpoints of one lodger, and two that misuse its connection as only a test does. */
export function visitsController(id: string, gate: Gate): Type<unknown> {
  @ProductAccess()
  @Controller(`v1/products/${id}`)
  class VisitsController {
    constructor(private readonly databases: Databases) {}

    @Post('visits')
    async visit(@Body() body: NewVisit): Promise<object> {
      const sql = 'INSERT INTO visits (id, name) VALUES ($1, $2) RETURNING id, name, current_user AS role';
      const rows = await this.databases.product(id).query<object>(sql, [newId(), body.name]);
      return rows[0] ?? {};
    }

    @Get('visits')
    async list(): Promise<object> {
      // Unqualified on purpose: the role's search_path decides whose visits these are.
      return { items: await this.databases.product(id).query('SELECT id, name, current_user AS role FROM visits ORDER BY id') };
    }

    @Get('session')
    async session(): Promise<object> {
      const sql = `SELECT current_user AS role, current_setting('search_path') AS "searchPath", current_setting('statement_timeout') AS "statementTimeout",
                          current_setting('lock_timeout') AS "lockTimeout", current_setting('idle_in_transaction_session_timeout') AS "idleTimeout"`;
      const rows = await this.databases.product(id).query<object>(sql);
      return rows[0] ?? {};
    }

    /** Holds a connection in a transaction until the test opens the gate. */
    @Post('hold')
    @HttpCode(200)
    async hold(): Promise<object> {
      return this.databases.product(id).transaction(async (tx) => {
        await tx.query(`INSERT INTO visits (name) VALUES ('held')`);
        await gate.pass();
        return { held: true };
      });
    }

    @Post('too-slow')
    async tooSlow(): Promise<object> {
      return this.databases.product(id).transaction(async (tx) => {
        await tx.query(`SET LOCAL statement_timeout = '50ms'`);
        await tx.query(`INSERT INTO visits (name) VALUES ('never')`);
        return tx.query('SELECT pg_sleep(60)');
      });
    }
  }
  return VisitsController;
}
