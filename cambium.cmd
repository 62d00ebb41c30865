@echo off
rem Runs Cambium on Windows, as the script "cambium" does elsewhere, only simpler: JAVA_HOME or
rem CAMBIUM_JAVA_HOME must name a JDK 25, and two launchers at once must not both build.
setlocal
set "CAMBIUM_HOME=%~dp0"
if defined CAMBIUM_JAVA_HOME set "JAVA_HOME=%CAMBIUM_JAVA_HOME%"
findstr /b /c:"JAVA_VERSION=\"25" "%JAVA_HOME%\release" >nul 2>&1
if errorlevel 1 (
  echo error: Cambium needs a JDK 25, and JAVA_HOME names none 1>&2
  echo   -^> install one ^(for example from https://adoptium.net^) and set JAVA_HOME 1>&2
  exit /b 2
)

pushd "%CAMBIUM_HOME%"
powershell -NoProfile -Command "$stamp = Get-Item cli\target\launcher\stamp -ErrorAction SilentlyContinue; if (-not $stamp -or (Get-ChildItem pom.xml,*\pom.xml,*\src\main -Recurse | Where-Object LastWriteTime -gt $stamp.LastWriteTime)) { exit 1 }"
if not errorlevel 1 goto run
echo building Cambium... 1>&2
if not exist cli\target\launcher\lib mkdir cli\target\launcher\lib
type nul > cli\target\launcher\stamp.next
call mvn -B -q -DskipTests package 1>&2
if errorlevel 1 (
  popd
  exit /b 1
)
del /q cli\target\launcher\lib\*.jar 2>nul
for /d %%m in (*) do if exist "%%m\target\cambium-*.jar" copy /y "%%m\target\cambium-*.jar" cli\target\launcher\lib >nul
del /q cli\target\launcher\lib\*-tests.jar 2>nul
copy /y cli\target\classpath.txt cli\target\launcher >nul
move /y cli\target\launcher\stamp.next cli\target\launcher\stamp >nul

:run
popd
set OPENBLAS_CORETYPE=
set OPENBLAS_L2_SIZE=
set OMP_NUM_THREADS=1
set OPENBLAS_NUM_THREADS=1
set DJL_OFFLINE=true
set OPT_OUT_TRACKING=true
for /f "usebackq delims=" %%p in ("%CAMBIUM_HOME%cli\target\launcher\classpath.txt") do set "CLASS_PATH=%%p"
"%JAVA_HOME%\bin\java" --enable-native-access=ALL-UNNAMED -Xmx3g -XX:+UseSerialGC -Dorg.bytedeco.javacpp.maxbytes=0 -Dorg.bytedeco.javacpp.maxphysicalbytes=0 -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 %CAMBIUM_JAVA_OPTS% -cp "%CAMBIUM_HOME%cli\target\launcher\lib\*;%CLASS_PATH%" io.cambium.cli.Cambium %*
exit /b %errorlevel%
