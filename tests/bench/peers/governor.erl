%% The BEAM baseline: a governor as an OTP gen_server, from msgpack bytes to msgpack bytes, asked by
%% processes of the same virtual machine. No MQTT. It measures itself and prints lines that
%% bench_peers reads.
%%
%%   erl -noinput -pa FOLDER -run governor load LIMIT WINDOW_MS CHECKED CHECKED_LIMIT IN_FLIGHT MS
%%   erl -noinput -pa FOLDER -run governor memory LIMIT WINDOW_MS CHECKED CHECKED_LIMIT
-module(governor).
-behaviour(gen_server).
-export([load/1, memory/1, versions/0]).
-export([init/1, handle_call/3, handle_cast/2]).

-record(rule, {limit, window_ms, checked, checked_limit}).
%% Tenant -> {units left, when}; a token is window_ms units, so that all is whole.
-record(state, {rule, buckets = #{}}).

%% The governor.

init(Rule) ->
    {ok, #state{rule = Rule}}.

handle_call(Payload, _From, State = #state{rule = Rule, buckets = Buckets}) ->
    #{<<"tenant">> := Tenant, <<"id">> := Id} = Request = decode(Payload),
    Now = erlang:monotonic_time(millisecond),
    Limit = limit_of(Tenant, Rule),
    Window = Rule#rule.window_ms,
    Full = Limit * Window,
    {Units, At} = maps:get(Tenant, Buckets, {Full, Now}),
    There = min(Full, Units + (Now - At) * Limit),
    Wanted = maps:get(<<"hits">>, Request, 1) * Window,
    {Decision, Left} =
        case Wanted =< There of
            true -> {<<"allow">>, There - Wanted};
            false -> {<<"deny">>, There}
        end,
    %% A key that points into the request would keep the whole of it.
    Kept = Buckets#{binary:copy(Tenant) => {Left, Now}},
    {reply, encode(Id, Decision, Left div Window), State#state{buckets = Kept}}.

handle_cast(_, State) ->
    {noreply, State}.

limit_of(Checked, #rule{checked = Checked, checked_limit = Limit}) -> Limit;
limit_of(_, #rule{limit = Limit}) -> Limit.

%% Of msgpack what the question has: a map of short texts and unsigned integers.

decode(<<8:4, Pairs:4, Rest/binary>>) ->
    pairs(Pairs, Rest, #{}).

pairs(0, <<>>, Map) ->
    Map;
pairs(Left, Bytes, Map) ->
    {Key, Behind} = value(Bytes),
    {Value, Rest} = value(Behind),
    pairs(Left - 1, Rest, Map#{Key => Value}).

value(<<5:3, Size:5, Text:Size/binary, Rest/binary>>) -> {Text, Rest};
value(<<0:1, Number:7, Rest/binary>>) -> {Number, Rest};
value(<<16#cc, Number:8, Rest/binary>>) -> {Number, Rest};
value(<<16#cd, Number:16, Rest/binary>>) -> {Number, Rest};
value(<<16#ce, Number:32, Rest/binary>>) -> {Number, Rest};
value(<<16#cf, Number:64, Rest/binary>>) -> {Number, Rest}.

encode(Id, Decision, Remaining) ->
    <<16#83, 5:3, 8:5, "decision", 5:3, (byte_size(Decision)):5, Decision/binary,
      5:3, 2:5, "id", (number(Id))/binary, 5:3, 9:5, "remaining", (number(Remaining))/binary>>.

number(N) when N < 16#80 -> <<N>>;
number(N) when N < 16#100 -> <<16#cc, N>>;
number(N) when N < 16#10000 -> <<16#cd, N:16>>;
number(N) when N < 16#100000000 -> <<16#ce, N:32>>;
number(N) -> <<16#cf, N:64>>.

question(Tenant, Id) ->
    <<16#83, 5:3, 6:5, "tenant", 5:3, (byte_size(Tenant)):5, Tenant/binary,
      5:3, 2:5, "id", 16#ce, Id:32, 5:3, 4:5, "hits", 1>>.

tenant(Number) ->
    iolist_to_binary(io_lib:format("tenant-~4..0b", [Number rem 100])).

tenants() ->
    list_to_tuple([tenant(N) || N <- lists:seq(0, 99)]).

%% The load.

load([Limit, Window, Checked, CheckedLimit, InFlight, Ms]) ->
    Rule = rule(Limit, Window, Checked, CheckedLimit),
    {ok, Governor} = gen_server:start_link(?MODULE, Rule, []),
    allowed(gen_server:call(Governor, question(<<"first">>, 1))),
    io:format("ready~n"),
    check(Governor, Rule),
    Length = list_to_integer(Ms),
    saturated(Governor, list_to_integer(InFlight), Length),  % warm
    {Calls, Seconds, Cpu} = saturated(Governor, list_to_integer(InFlight), Length),
    figure("per_second", Calls / Seconds),
    figure("cpu_us", Cpu * 1000 / Calls),
    figure("both_cpu_us", Cpu * 1000 / Calls),
    resident(),
    percentiles("one", one_in_flight(Governor, Length)),
    Half = Calls / Seconds / 2,
    figure("half_per_second", Half),
    {Latencies, Latenesses} = open(Governor, Half, Length),
    percentiles("half", Latencies),
    percentiles("half_late", Latenesses),
    io:format("done~n").

rule(Limit, Window, Checked, CheckedLimit) ->
    #rule{limit = list_to_integer(Limit), window_ms = list_to_integer(Window),
          checked = list_to_binary(Checked), checked_limit = list_to_integer(CheckedLimit)}.

allowed(<<16#83, 16#a8, "decision", 16#a5, "allow", _/binary>>) -> ok.

check(Governor, #rule{checked = Checked, checked_limit = Limit}) ->
    [allowed(gen_server:call(Governor, question(Checked, Id))) || Id <- lists:seq(1, Limit)],
    <<16#83, 16#a8, "decision", 16#a4, "deny", _/binary>> =
        gen_server:call(Governor, question(Checked, Limit + 1)),
    ok.

one_in_flight(Governor, Ms) ->
    Histogram = histogram(),
    one_in_flight(Governor, tenants(), 1, erlang:monotonic_time() + native(Ms), Histogram),
    Histogram.

one_in_flight(Governor, Tenants, Id, End, Histogram) ->
    Start = erlang:monotonic_time(),
    case Start < End of
        false ->
            ok;
        true ->
            Question = question(element(Id rem 100 + 1, Tenants), Id),
            allowed(gen_server:call(Governor, Question)),
            note(Histogram, erlang:monotonic_time() - Start),
            one_in_flight(Governor, Tenants, Id + 1, End, Histogram)
    end.

%% So many processes, each of which asks again once it is answered.
saturated(Governor, InFlight, Ms) ->
    Here = self(),
    Tenants = tenants(),
    {CpuBefore, _} = statistics(runtime),
    Start = erlang:monotonic_time(),
    End = Start + native(Ms),
    Callers = [spawn_link(fun() -> Here ! {self(), call(Governor, Tenants, N, End, 0)} end)
               || N <- lists:seq(1, InFlight)],
    Calls = lists:sum([receive {Caller, Count} -> Count end || Caller <- Callers]),
    Seconds = microseconds(erlang:monotonic_time() - Start) / 1.0e6,
    {CpuAfter, _} = statistics(runtime),
    {Calls, Seconds, CpuAfter - CpuBefore}.

call(Governor, Tenants, Id, End, Count) ->
    allowed(gen_server:call(Governor, question(element(Id rem 100 + 1, Tenants), Id))),
    case erlang:monotonic_time() < End of
        true -> call(Governor, Tenants, Id + 1, End, Count + 1);
        false -> Count + 1
    end.

%% A fixed schedule, timed from the instant at which each question was due, and how late each left.
%% The asker spins, since the virtual machine's timers are a millisecond wide, but gives way each time:
%% the governor is often on the same scheduler and would wait for the end of the asker's turn (2 us
%% became 16). All that is due leaves before that, so that a turn may take longer than the gap.
-define(BURST, 64).

open(Governor, PerSecond, Ms) ->
    Histograms = {histogram(), histogram()},
    Gap = erlang:convert_time_unit(1, second, native) / PerSecond,
    Total = round(PerSecond * Ms / 1000),
    Schedule = {erlang:monotonic_time(), Gap, Total},
    send(Governor, tenants(), Schedule, {0, 0}, Histograms),
    Histograms.

send(_, _, {_, _, Total}, {_, Total}, _) ->
    ok;
send(Governor, Tenants, Schedule = {_, _, Total}, {Sent, Answered}, Histograms) ->
    {Latencies, Latenesses} = Histograms,
    Until = min(Total, Sent + ?BURST),
    Now = ask_what_is_due(Governor, Tenants, Schedule, Sent, Until, Latenesses),
    erlang:yield(),
    Taken = take(Latencies, 0),
    send(Governor, Tenants, Schedule, {Now, Answered + Taken}, Histograms).

%% Calls whose answers are marked with the time that they were due. How many have left in all.
ask_what_is_due(_, _, _, Until, Until, _) ->
    Until;
ask_what_is_due(Governor, Tenants, Schedule = {Start, Gap, _}, Sent, Until, Latenesses) ->
    Due = Start + round(Gap * Sent),
    Now = erlang:monotonic_time(),
    case Now < Due of
        true ->
            Sent;
        false ->
            note(Latenesses, Now - Due),
            Question = question(element(Sent rem 100 + 1, Tenants), Sent),
            Governor ! {'$gen_call', {self(), Due}, Question},
            ask_what_is_due(Governor, Tenants, Schedule, Sent + 1, Until, Latenesses)
    end.

take(Histogram, Taken) ->
    receive
        {Due, Reply} when is_integer(Due) ->
            allowed(Reply),
            note(Histogram, erlang:monotonic_time() - Due),
            take(Histogram, Taken + 1)
    after 0 -> Taken
    end.

%% Counts of fixed size, so that keeping latencies makes no garbage among what is measured: steps of
%% 20 ns up to a millisecond, then of 10 us up to a second.
-define(FINE, 50000).
-define(ALL, 150000).

histogram() ->
    counters:new(?ALL, []).

note(Histogram, Native) ->
    Ns = erlang:convert_time_unit(Native, native, nanosecond),
    Step = case Ns < 1000000 of
               true -> Ns div 20;
               false -> min(?ALL - 1, ?FINE + Ns div 10000)
           end,
    counters:add(Histogram, Step + 1, 1).

percentile(Histogram, Part) ->
    Total = lists:sum([counters:get(Histogram, N) || N <- lists:seq(1, ?ALL)]),
    step_us(rank(Histogram, 1, trunc(Part * (Total - 1)) + 1) - 1).

rank(Histogram, Step, Left) ->
    case Left - counters:get(Histogram, Step) of
        Beyond when Beyond =< 0 -> Step;
        Beyond -> rank(Histogram, Step + 1, Beyond)
    end.

step_us(Step) when Step < ?FINE -> Step * 0.02 + 0.01;
step_us(Step) -> (Step - ?FINE) * 10.0 + 5.

%% Bytes of a governor that nobody has asked yet, and of one that a hundred tenants have asked once.

memory([Limit, Window, Checked, CheckedLimit]) ->
    Rule = rule(Limit, Window, Checked, CheckedLimit),
    figure("governor_bytes", bytes_of_a_governor(Rule, [])),
    figure("governor_with_tenants_bytes", bytes_of_a_governor(Rule, tuple_to_list(tenants()))),
    io:format("done~n").

bytes_of_a_governor(Rule, Tenants) ->
    Count = 1000,
    Before = total(),
    Governors = [element(2, {ok, _} = gen_server:start_link(?MODULE, Rule, []))
                 || _ <- lists:seq(1, Count)],
    [allowed(gen_server:call(Governor, question(Tenant, 1)))
     || Governor <- Governors, Tenant <- Tenants],
    Bytes = (total() - Before) / Count,
    [gen_server:stop(Governor) || Governor <- Governors],
    Bytes.

total() ->
    [garbage_collect(Process) || Process <- processes()],
    erlang:memory(total).

%% Printing.

versions() ->
    io:format("Erlang/OTP ~s, ERTS ~s, ~s~n", [erlang:system_info(otp_release),
                                              erlang:system_info(version),
                                              erlang:system_info(emu_flavor)]),
    halt().

native(Ms) -> erlang:convert_time_unit(Ms, millisecond, native).

microseconds(Native) -> erlang:convert_time_unit(Native, native, nanosecond) / 1000.

percentiles(Name, Histogram) ->
    [figure(Name ++ Suffix, percentile(Histogram, Part))
     || {Suffix, Part} <- [{"_p50_us", 0.5}, {"_p99_us", 0.99}, {"_p999_us", 0.999}]].

%% Before latencies are kept: those are no part of a governor.
resident() ->
    {ok, Rollup} = file:read_file("/proc/self/smaps_rollup"),
    [begin
         {match, [Kb]} = re:run(Rollup, Name ++ ":\\s+(\\d+) kB", [{capture, [1], list}]),
         figure(Key, list_to_integer(Kb) * 1024 / 1.0e6)
     end || {Key, Name} <- [{"rss_mb", "Rss"}, {"pss_mb", "Pss"}]].

figure(Key, Value) ->
    io:format("figure ~s ~.6f~n", [Key, float(Value)]).
