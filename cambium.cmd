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

set "LAUNCHER=cli\target\launcher"
set "PROFILE="
set "BLAS_OPTION="
if not defined CAMBIUM_BLAS goto build
if "%CAMBIUM_BLAS%"=="openblas" goto openblas
if "%CAMBIUM_BLAS%"=="mkl" goto mkl
echo error: CAMBIUM_BLAS is %CAMBIUM_BLAS%, which is no library that Cambium knows 1>&2
echo   -^> set it to openblas or mkl, or unset it 1>&2
exit /b 2
:openblas
set "BLAS_OPTION=-Dio.cambium.products=blas"
goto build
:mkl
set "LAUNCHER=cli\target\launcher-mkl"
set "PROFILE=-Pmkl"
set "BLAS_OPTION=-Dio.cambium.products=blas -Dorg.bytedeco.openblas.load=mkl_rt"

:build
pushd "%CAMBIUM_HOME%"
powershell -NoProfile -Command "$stamp = Get-Item %LAUNCHER%\stamp -ErrorAction SilentlyContinue; if (-not $stamp -or (Get-ChildItem pom.xml,*\pom.xml,*\src\main -Recurse | Where-Object LastWriteTime -gt $stamp.LastWriteTime)) { exit 1 }"
if not errorlevel 1 goto run
echo building Cambium... 1>&2
if not exist %LAUNCHER%\lib mkdir %LAUNCHER%\lib
type nul > %LAUNCHER%\stamp.next
call mvn -B -q %PROFILE% -DskipTests package -pl cli -am 1>&2
if errorlevel 1 (
  popd
  exit /b 1
)
del /q %LAUNCHER%\lib\*.jar 2>nul
for /d %%m in (*) do if exist "%%m\target\cambium-*.jar" copy /y "%%m\target\cambium-*.jar" %LAUNCHER%\lib >nul
del /q %LAUNCHER%\lib\*-tests.jar 2>nul
copy /y cli\target\classpath.txt %LAUNCHER% >nul
move /y %LAUNCHER%\stamp.next %LAUNCHER%\stamp >nul

:run
popd
set OPENBLAS_CORETYPE=
set OPENBLAS_L2_SIZE=
set OMP_NUM_THREADS=1
set OPENBLAS_NUM_THREADS=1
set MKL_NUM_THREADS=1
set DJL_OFFLINE=true
set OPT_OUT_TRACKING=true
for /f "usebackq delims=" %%p in ("%CAMBIUM_HOME%%LAUNCHER%\classpath.txt") do set "CLASS_PATH=%%p"
"%JAVA_HOME%\bin\java" --enable-native-access=ALL-UNNAMED -Xmx3g -XX:+UseSerialGC -Dorg.bytedeco.javacpp.maxbytes=0 -Dorg.bytedeco.javacpp.maxphysicalbytes=0 -Dstdout.encoding=UTF-8 -Dstderr.encoding=UTF-8 %BLAS_OPTION% %CAMBIUM_JAVA_OPTS% -cp "%CAMBIUM_HOME%%LAUNCHER%\lib\*;%CLASS_PATH%" io.cambium.cli.Cambium %*
exit /b %errorlevel%
