export { runChecks, type Check, type CheckResult } from './checks.ts';
export { HttpComponent, startHttp, type HttpOptions, type HttpServer } from './http.ts';
export { reportSink, reportSource } from './log-metrics.ts';
export { OperationsModule } from './operations.module.ts';
export { reportDetector, reportFollow, reportLive, reportProbe, reportSocket, reportStore } from './part-metrics.ts';
