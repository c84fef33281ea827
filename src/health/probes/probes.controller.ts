import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService, type HealthCheckResult } from '@nestjs/terminus';
import { Public } from '../../auth/access.js';
import { DatabaseProbe, type ProbeResult } from './database-probe.js';
import { Draining } from './draining.js';

const SUBJECTS = ['database', 'migrations', 'roles'] as const satisfies (keyof ProbeResult)[];
const OK = { description: 'Yes.', schema: { $ref: '#/components/schemas/HealthReport' } };
const NO = { description: 'No; `error` says why.', schema: { $ref: '#/components/schemas/HealthReport' } };

/** What an orchestrator asks: is the process alive, may it get traffic, has it started. */
@ApiTags('Probes')
@Public()
@Controller('health')
export class ProbesController {
  private hasStarted = false;

  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly probe: DatabaseProbe,
    private readonly draining: Draining,
  ) {}

  /** Without terminus, which answers 503 while shutting down: a process that drains is alive and must not be killed. */
  @Get('live')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Is the process alive?', description: 'Looks at nothing but the process.' })
  @ApiOkResponse(OK)
  live(): HealthCheckResult {
    return { status: 'ok', info: {}, error: {}, details: {} };
  }

  @Get('ready')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'May it get traffic?', description: 'The database answers, core and monitoring are migrated, the roles are safe, and the process is not ending.' })
  @ApiOkResponse(OK)
  @ApiServiceUnavailableResponse(NO)
  async ready(): Promise<HealthCheckResult> {
    if (this.draining.hasBegun) {
      return this.checks.check([() => this.indicators.check('process').down('It is ending: it answers what it has begun and takes nothing new.')]);
    }
    const result = await this.probe.ask();
    return this.checks.check(
      SUBJECTS.map((subject) => () => {
        const session = this.indicators.check(subject);
        const { up, message } = result[subject];
        return up ? session.up() : session.down(message);
      }),
    );
  }

  /** Once it has been ready, it has started: what happens later is readiness's business. */
  @Get('startup')
  @Header('cache-control', 'no-store')
  @ApiOperation({ summary: 'Has it started?', description: 'As ready, until it has been ready once.' })
  @ApiOkResponse(OK)
  @ApiServiceUnavailableResponse(NO)
  async startup(): Promise<HealthCheckResult> {
    if (this.hasStarted) return this.live();
    const report = await this.ready();
    this.hasStarted = true;
    return report;
  }
}
