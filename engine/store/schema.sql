-- Tables that every lab has. Readings and their roll-ups have one table per plant, made by plants.py.
create sequence if not exists run_number start 1;
create sequence if not exists label_number start 1;

create table if not exists plants (
    plant varchar not null,
    sensors varchar not null,      -- JSON list, in column order
    resolutions varchar not null,  -- JSON list, units of each sensor
    machines varchar not null,     -- JSON list; a machine is stored as its place in this list
    source varchar not null        -- simulated, external or imported
);

create table if not exists runs (
    run uinteger not null,
    plant varchar not null,
    seed varchar not null,
    settings varchar not null,     -- JSON: rates of automatic events, tick length, machines
    start_us bigint not null,
    created varchar not null       -- wall time, ISO 8601
);

create table if not exists journal (
    run uinteger not null,
    version uinteger not null,     -- every change writes the whole journal again; the highest counts
    at_us bigint not null,
    action varchar not null,
    entries varchar not null       -- JSON
);

create table if not exists window_stats (
    run uinteger not null, machine varchar not null, sensor varchar not null,
    start_us bigint not null, end_us bigint not null, ticks uinteger not null,
    mean double, std double, min double, max double, trend double, outliers uinteger
);

create table if not exists alarms (
    run uinteger not null, alarm uinteger not null,
    machine varchar not null, detector varchar not null, state varchar not null, priority varchar not null,
    start_us bigint not null, end_us bigint, record varchar not null  -- JSON of the whole alarm
);

create table if not exists line_marks (
    plant varchar not null, line varchar not null, sensor varchar not null,
    warning double, critical double  -- null = no mark
);
